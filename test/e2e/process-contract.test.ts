import { chmodSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { AppMessageView } from '../../src/api/app-messages.ts';
import { createClient } from '../../src/api/client.ts';
import { DAEMON_ENV } from '../../src/base/daemon-flags.ts';
import golden from '../contract/golden/pm2-config-files.json' with { type: 'json' };
import { killDaemon } from '../support/adoption.ts';
import { appOf, startApps, untilStatus } from '../support/apps.ts';
import { fixture } from '../support/cli.ts';
import { type TestHome, testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';

type Variables = Readonly<Record<string, string>>;

/** What PM2 says and promvisor does not, with the reason. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  PM2_HOME: 'only where the daemon answers clients of PM2',
  PM2_JSON_PROCESSING: 'leaks from the command of PM2',
  PM2_USAGE: 'leaks from the command of PM2',
  SILENT: 'leaks from the daemon of PM2',
  _pm2_version: 'no PM2',
  args: 'they are in process.argv',
  automation: 'no APM',
  axm_actions: 'no APM',
  axm_dynamic: 'no APM',
  axm_monitor: 'no APM',
  axm_options: 'no APM',
  cluster: 'an empty configuration of a module, named like the app',
  env: '"[object Object]"',
  fork: 'an empty configuration of a module, named like the app',
  kill_retry_time: 'no polling',
  km_link: 'no SaaS',
  pmx: 'no APM',
  vizion: 'no data of git',
  vizion_running: 'no data of git',
  windowsHide: 'no Windows',
};
/** Differ from process to process. */
const MOVING = new Set(['MS', 'UUID', 'USER']);

function client(home: TestHome): ReturnType<typeof createClient> {
  return createClient(path.join(home.root, 'home/run/daemon.sock'));
}

function seen(file: string): Promise<Variables> {
  return until(() => JSON.parse(readFileSync(file, 'utf8')) as Variables, { what: `${file} is written` });
}

describe('what a process sees', () => {
  test(`the variables of PM2 ${golden.pm2}, unless the app says otherwise, and none of a supervised shell`, async () => {
    const home = testHome({ pm_id: '7', name: 'outer', status: 'outer', namespace: 'outer', unique_id: 'outer' });
    const modes = ['fork', 'cluster'] as const;
    const keys = { instances: 1, increment_var: 'N', node_args: '--no-warnings', args: 'a b' };
    const outOf = (name: string) => path.join(home.work, name);
    const apps = modes.map((mode) => {
      return appOf(mode, 'tells-all.cjs', { ...keys, exec_mode: mode, env: { OUT: outOf(mode), N: 5, A: { x: 1 } } });
    });
    const env = { OUT: outOf('own'), status: 'mine', pm_id: '99' };
    await startApps(home, [...apps, appOf('own', 'tells-all.cjs', { env })]);
    for (const [at, mode] of modes.entries()) {
      const ours = await seen(outOf(mode));
      for (const name of Object.keys(DAEMON_ENV)) expect(ours, 'what only the daemon is told').not.toHaveProperty(name);
      for (const [name, value] of Object.entries(golden.variables[mode])) {
        if (LEFT_OUT[name] !== undefined) expect(ours[name], `${name}: ${LEFT_OUT[name]}`).toBeUndefined();
        else if (MOVING.has(value)) expect(ours[name], name).toMatch(/./);
        else expect(ours[name], name).toBe(expected(name, value, { home, id: at }));
      }
    }
    expect(await seen(outOf('own'))).toMatchObject({ pm_id: '2', name: 'own', namespace: 'default', status: 'mine' });
  });
});

/** In the folders of this test, with ids as they are here: PM2's were counted on. */
function expected(name: string, value: string, { home, id }: { home: TestHome; id: number }): string {
  if (name === 'pm_id') return String(id);
  if (name === 'pm_exec_path') return fixture('tells-all.cjs');
  if (name === 'exec_interpreter') return 'node';
  const placed = value.replace('WORK', home.work).replace('HOME', path.join(home.root, 'home'));
  return placed.replace(/-\d+(?=\.(log|pid)$)/, `-${id}`);
}

describe('talking with a process', () => {
  test('lines for stdin, which never ends, not even with the daemon', async () => {
    const home = testHome();
    const keys = { env: { OUT: path.join(home.work, 'seen') } };
    await startApps(home, [
      appOf('node', 'tells-all.cjs', keys),
      { name: 'cat', script: '/bin/cat', interpreter: 'none' },
      appOf('cluster', 'waits.cjs', { instances: 1 }),
    ]);
    expect(await client(home).sendLine({ targets: ['node', 'cat'], line: 'grüße' })).toBe(2);
    await until(() => home.log('cat') === 'grüße\n', { what: 'cat has it' });
    await until(() => home.log('node').includes('stdin "grüße\\n"'), { what: 'Node has it' });
    await killDaemon(home);
    await home.ok(['list']);
    await client(home).sendLine({ targets: ['node', 'cat'], line: 'again' });
    await until(() => home.log('cat').endsWith('again\n'), { what: 'cat has it again' });
    await until(() => home.log('node').includes('again'), { what: 'Node has it again' });
    expect(home.log('node')).not.toContain('ended');
    expect((await home.instances()).map(({ restarts }) => restarts)).toEqual([0, 0, 0]);
    await expect(client(home).sendLine({ targets: ['cluster'], line: 'x' })).rejects.toMatchObject({
      code: 'NOT_SUPPORTED',
      message: 'cluster (id 2) is in cluster mode; only fork mode has a standard input',
    });
    await home.ok(['stop', 'cat']);
    await expect(client(home).sendLine({ targets: ['cat'], line: 'x' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('messages both ways: in fork mode, without the agent, in cluster mode', async () => {
    const home = testHome();
    const apps = [{}, { agent: false }, { instances: 1 }].map((keys, at) => {
      return appOf(`app${at}`, 'tells-all.cjs', {
        ...keys,
        env: { OUT: path.join(home.work, `${at}`) },
        wait_ready: true,
      });
    });
    await startApps(home, apps);
    expect((await home.instances()).map(({ status }) => status)).toEqual(['running', 'running', 'running']);
    const ending = new AbortController();
    onTestFinished(() => ending.abort());
    const heard: AppMessageView[] = [];
    void (async () => {
      for await (const said of client(home).messages(['all'], ending.signal)) heard.push(said);
    })().catch(() => {});
    const topic = { type: 'process:msg', topic: 'a', data: { n: 1 }, id: 0 };
    const from = (id: number) => heard.filter((said) => said.id === id);
    await until(
      async () => {
        // The first may be sent before anybody listens.
        expect(await client(home).sendMessage({ targets: ['all'], message: topic })).toBe(3);
        return [0, 1, 2].every((id) => from(id).length >= 3);
      },
      { what: 'three answers of each' },
    );
    for (const id of [0, 1, 2]) {
      expect(from(id).map(({ message }) => message)).toEqual(
        expect.arrayContaining([
          { type: 'process:msg', data: { heard: topic } },
          { type: 'own', data: [1, 'two'] },
          'plain',
        ]),
      );
      expect(from(id)[0]).toMatchObject({ app: `app${id}`, namespace: 'default', slot: 0 });
    }
  });

  test('an app of another user: HOME, and messages that come through', async ({ skip }) => {
    skip(process.getuid?.() !== 0, 'only root may start apps of others');
    const home = testHome();
    // The home itself stays closed to others.
    chmodSync(home.root, 0o711);
    const script = home.write(
      'app.cjs',
      `process.on('message', (said) => said === 'shutdown' && process.exit(0));
      setInterval(() => {}, 1e6);
      console.log(process.getuid(), process.env.HOME, process.env.USER);
      process.send('ready');`,
    );
    await startApps(home, [
      { name: 'web', script, cwd: '/', uid: 'nobody', wait_ready: true, shutdown_with_message: true },
    ]);
    await untilStatus(home, 'web', 'running');
    const [, , uid, , , homeDir] =
      /^nobody:([^:]*):(\d+):(\d+):([^:]*):([^:]*)/m.exec(readFileSync('/etc/passwd', 'utf8')) ?? [];
    await until(() => home.log('web') === `${uid} ${homeDir} nobody\n`, { what: 'it says who it is' });
    await home.ok(['stop', 'web']);
    expect((await home.instance('web')).lastExit).toMatchObject({ code: 0, signal: null });
  });
});
