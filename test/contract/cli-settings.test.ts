import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Home } from '../../src/base/paths.ts';
import { loadSettings } from '../../src/config/settings.ts';
import { privateHome } from '../support/fake-daemon.ts';
import { runCli } from '../support/in-process-cli.ts';

let home: Home;
const run = (...argv: string[]) => runCli(home, argv);
const content = (): unknown => JSON.parse(readFileSync(home.settingsFile, 'utf8'));

beforeEach(() => {
  home = privateHome();
});

describe('set, get and unset', () => {
  test('write what the next daemon reads, as a person would write it', async () => {
    expect((await run('set', 'logs.retain', '5')).out).toBe('logs.retain = 5\n');
    await run('set', 'logs.max_size', '20M');
    await run('set', 'autosave', 'false');
    await run('set', 'loki.labels', '{"team":"a"}');
    expect(content()).toEqual({
      logs: { retain: 5, max_size: '20M' },
      autosave: false,
      loki: { labels: { team: 'a' } },
    });
    const settings = await loadSettings(home, {});
    expect(settings).toMatchObject({ autosave: false, logs: { retain: 5, maxSizeBytes: 20 * 1024 * 1024 } });
    expect((await run('get', 'logs.max_size')).out).toBe('20M\n');
    expect((await run('unset', 'logs.retain', 'logs.max_size')).out).toBe('logs.max_size = 128M\nlogs.retain = 10\n');
    expect(content()).toEqual({ autosave: false, loki: { labels: { team: 'a' } } });
    expect((await run('unset', 'logs.retain')).out).toBe('logs.retain = 10, as before\n');
  });

  test('keep what was before, for the owner only', async () => {
    writeFileSync(home.settingsFile, '{ // mine\n  "log": { "level": "warn" }, }');
    await run('set', 'log.retain', '2');
    expect(content()).toEqual({ log: { level: 'warn', retain: 2 } });
    expect(readFileSync(`${home.settingsFile}.previous`, 'utf8')).toContain('// mine');
    expect(statSync(home.settingsFile).mode & 0o777).toBe(0o600);
  });

  test('refuse what cannot be, and write nothing then', async () => {
    await run('set', 'logs.retain', '5');
    const before = readFileSync(home.settingsFile, 'utf8');
    const refusals = [
      [['set', 'logs.retain', 'many'], 'SETTINGS_INVALID', 'logs.retain: expected a whole number'],
      [['set', 'loki.url', 'http://x', 'y'], 'USAGE', 'too many arguments'],
      [['set', 'logs.retan', '5'], 'NOT_FOUND', 'did you mean "logs.retain"?'],
      [['multiset', 'autosave true log.level'], 'USAGE', 'pairs'],
      [['multiset', 'autosave true log.level loud'], 'SETTINGS_INVALID', 'log.level'],
      [['set', 'api:PORT', '80'], 'NOT_SUPPORTED', 'restart api --update-env'],
      [['set', 'pm2-logrotate:dateFormat', 'x'], 'NOT_SUPPORTED', 'max_size'],
      [['unset'], 'USAGE', 'key'],
    ] as const;
    for (const [argv, code, words] of refusals) {
      expect((await run(...argv)).error, argv.join(' ')).toMatchObject({
        code,
        message: expect.stringContaining(words),
      });
    }
    expect(readFileSync(home.settingsFile, 'utf8')).toBe(before);
  });

  test('let one of two mistakes in the file be mended', async () => {
    writeFileSync(home.settingsFile, '{ "log": { "level": "loud" }, "logs": { "retain": -1 } }');
    expect(await run('set', 'log.level', 'info')).toMatchObject({ error: null, code: 0 });
    expect(content()).toEqual({ log: { level: 'info' }, logs: { retain: -1 } });
  });

  test("take the keys of PM2's log module for our own", async () => {
    await run('set', 'pm2-logrotate:max_size', '10M');
    await run('multiset', 'pm2-logrotate:retain 3 pm2-logrotate:compress true');
    expect(content()).toEqual({ logs: { max_size: '10M', retain: 3, compress: true } });
    expect((await run('conf', 'pm2-logrotate:retain')).out).toBe('3\n');
    await run('conf', 'pm2-logrotate:retain', '4');
    expect((await run('get', 'logs.retain')).out).toBe('4\n');
  });

  test('take a setting out however it is written', async () => {
    writeFileSync(home.settingsFile, '{ "loki": { "tls": { "insecure_skip_verify": true } } }');
    expect((await run('get', 'loki.tls_insecure_skip_verify')).out).toBe('true\n');
    await run('unset', 'loki.tls_insecure_skip_verify');
    expect(content()).toEqual({});
  });

  test('show secrets only to whoever asks for one by name', async () => {
    await run('multiset', 'loki.url http://hunter2.test:3100 loki.token s3cr3t');
    for (const argv of [['get'], ['set'], ['conf'], ['get', '--json'], ['report'], ['set', 'loki.token', 's3cr3t-2']]) {
      const { out, err } = await run(...argv);
      expect(out + err, argv.join(' ')).not.toMatch(/hunter2|s3cr3t/);
      expect(out).toContain('******');
    }
    expect((await run('get', 'loki.token')).out).toBe('s3cr3t-2\n');
  });
});

test('report can be pasted into an issue without a daemon too', async () => {
  const { code, out } = await run('report');
  expect(code).toBe(0);
  for (const words of ['### promvisor', 'daemon none', `node ${process.versions.node}`, '### Log of the daemon'])
    expect(out).toContain(words);
  expect(JSON.parse((await run('report', '--json')).out)).toMatchObject([{ title: 'promvisor' }, {}, {}, {}, {}]);
});
