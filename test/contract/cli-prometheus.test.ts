import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { HttpView } from '../../src/api/contract.ts';
import type { Home } from '../../src/base/paths.ts';
import { renderScrapeConfig } from '../../src/cli/render/prometheus.ts';
import { fakeDaemon, privateHome } from '../support/fake-daemon.ts';
import { runCli } from '../support/in-process-cli.ts';
import { needsPrograms } from '../support/programs.ts';
import { PROMETHEUS_FOLDER } from '../support/rules.ts';

interface Config {
  readonly rule_files?: readonly string[];
  readonly scrape_configs: readonly Readonly<Record<string, unknown>>[];
}

const config = (home: Home, ...flags: readonly string[]) => runCli(home, ['prometheus', 'config', ...flags]);

async function targets(home: Home): Promise<unknown> {
  const { code, out } = await config(home);
  expect(code).toBe(0);
  return (parse(out) as Config).scrape_configs.map((job) => job['static_configs'] ?? job['http_sd_configs']);
}

async function serving(http: HttpView): Promise<Home> {
  const home = privateHome();
  await fakeDaemon(home, () => ({
    json: { pid: process.pid, version: '1.0.0', uptimeSeconds: 1, adopted: 0, http, home: home.root },
  }));
  return home;
}

function withListen(listen: string): Home {
  const home = privateHome();
  mkdirSync(home.root, { recursive: true });
  writeFileSync(home.settingsFile, JSON.stringify({ http: { listen } }));
  return home;
}

describe('prometheus config', () => {
  test('has the address that the daemon came to', async () => {
    const home = await serving({ listen: '127.0.0.1:0', address: '127.0.0.1:41234', error: null });
    expect(await targets(home)).toEqual([
      [{ targets: ['127.0.0.1:41234'] }],
      [{ url: 'http://127.0.0.1:41234/sd', refresh_interval: '30s' }],
    ]);
  });

  test('has the address that was asked for while it is not bound', async () => {
    const home = await serving({ listen: '127.0.0.1:9209', address: null, error: 'in use' });
    expect(await targets(home)).toContainEqual([{ targets: ['127.0.0.1:9209'] }]);
  });

  test('has the address of the settings without a daemon, and the name of the host for all addresses', async () => {
    expect(await targets(privateHome())).toContainEqual([{ targets: ['127.0.0.1:9209'] }]);
    expect(await targets(withListen('10.0.0.7:9300'))).toContainEqual([{ targets: ['10.0.0.7:9300'] }]);
    expect(await targets(withListen('[fd00::1]:9300'))).toContainEqual([{ targets: ['[fd00::1]:9300'] }]);
    expect(await targets(withListen(':9300'))).toContainEqual([{ targets: [`${hostname()}:9300`] }]);
  });

  test('--json gives the address as data', async () => {
    const { out } = await config(withListen('10.0.0.7:9300'), '--json');
    expect(JSON.parse(out)).toEqual({ target: '10.0.0.7:9300', ruleFiles: null });
  });

  test('fails where nothing listens, where only a daemon knows, and where the rules are not', async () => {
    const off = await config(withListen('off'));
    expect(off.error).toMatchObject({ code: 'NOT_SUPPORTED', message: expect.stringContaining('http.listen') });
    const told = await config(await serving({ listen: null, address: null, error: null }));
    expect(told.error).toMatchObject({ code: 'NOT_SUPPORTED' });
    expect((await config(withListen('127.0.0.1:0'))).error).toMatchObject({ code: 'NO_DAEMON' });
    const rules = await config(privateHome(), '--rules');
    expect(rules.error).toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('prometheus/rules') });
    expect((await runCli(privateHome(), ['prometheus', 'rules'])).error).toMatchObject({ code: 'USAGE' });
  });

  test('is a configuration that promtool takes, with the jobs of the shipped one', (context) => {
    const ruleFiles = path.join(PROMETHEUS_FOLDER, 'rules', '*.yml');
    const text = renderScrapeConfig({ target: '[fd00::1]:9209', ruleFiles });
    const shipped = parse(readFileSync(path.join(PROMETHEUS_FOLDER, 'prometheus.yml'), 'utf8')) as Config;
    const jobs = ({ scrape_configs }: Config) => scrape_configs.map((job) => job['job_name']);
    expect(jobs(parse(text) as Config)).toEqual(jobs(shipped));
    needsPrograms(context, 'promtool');
    const file = path.join(withListen('off').root, 'prometheus.yml');
    writeFileSync(file, text);
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'config', file], { encoding: 'utf8' });
    expect({ status, output: stdout + stderr }).toMatchObject({ status: 0 });
    expect(stdout).toContain(`${readdirSync(path.dirname(ruleFiles)).length} rule files found`);
  });
});
