import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { appOf, startApps, untilStatus } from '../support/apps.ts';
import { fixture } from '../support/cli.ts';
import { commandLine, isRunning } from '../support/processes.ts';
import { testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';

const daemonsOf = (pids: readonly number[]) =>
  pids.filter((pid) => /daemon\.cjs|promvisor daemon/.test(commandLine(pid)));

/** proc_pid_status(5): a bit for each signal that the process catches. */
function takesReopenSignal(pid: number): boolean {
  const [, mask = '0'] = /^SigCgt:\s*([0-9a-f]+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return ((BigInt(`0x${mask}`) >> BigInt(constants.signals.SIGUSR2 - 1)) & 1n) === 1n;
}

describe('the daemon', () => {
  test('20 starts at once, with none running, make one daemon and 20 apps', async () => {
    const home = testHome();
    const names = Array.from({ length: 20 }, (_, i) => `app-${i}`);
    const results = await Promise.all(names.map((name) => home.run(['start', fixture('waits.sh'), '--name', name])));
    expect(results.map(({ code, stderr }) => [code, stderr])).toEqual(names.map(() => [0, '']));
    const instances = await home.instances();
    expect(instances.map(({ app }) => app).sort()).toEqual([...names].sort());
    expect(instances.every(({ status }) => status === 'running')).toBe(true);
    expect(new Set(instances.map(({ id }) => id)).size).toBe(20);
    expect(daemonsOf(home.processes())).toEqual([(await home.ping()).pid]);
  });

  test('its home is for nobody else', async () => {
    const home = testHome();
    await home.ok(['start', fixture('waits.sh')]);
    const modeOf = (name: string) => statSync(path.join(home.root, 'home', name)).mode & 0o777;
    expect(modeOf('.')).toBe(0o700);
    expect(modeOf('run')).toBe(0o700);
    expect(modeOf('run/daemon.sock')).toBe(0o600);
  });

  test('pipes are made once: apps use those of the ones before, also of a daemon before, and no helper is left', async () => {
    const home = testHome();
    const runDir = path.join(home.root, 'home/run');
    const namesOfPipes = () => readdirSync(runDir).filter((name) => /\.(?:out|err|in)$/.test(name));
    const inodeOf = (name: string) => statSync(path.join(runDir, name)).ino;
    const spare = () => readdirSync(path.join(runDir, 'spare')).map((name) => inodeOf(`spare/${name}`));
    const start = () => home.ok(['start', fixture('waits.sh')]);
    await start();
    const all = [...spare(), ...namesOfPipes().map(inodeOf)];
    expect([namesOfPipes().sort(), all.length]).toEqual([['0.err', '0.in', '0.out'], 320]);
    const { pid } = await home.instance('waits');
    expect(home.processes().filter((one) => one !== pid)).toEqual(daemonsOf(home.processes()));
    await home.ok(['delete', 'waits']);
    expect(spare()).toHaveLength(320);
    await home.ok(['kill']);
    await start();
    expect(all).toEqual(expect.arrayContaining(namesOfPipes().map(inodeOf)));
    expect(spare()).toHaveLength(317);
  });

  test('kill ends every app, then the daemon, and returns when they are gone', async () => {
    const home = testHome();
    await startApps(home, [
      appOf('plain', 'waits.cjs'),
      appOf('deaf', 'ignores-sigint.cjs', { kill_timeout: 300 }),
      appOf('tree', 'spawns-children.sh', { kill_timeout: 300 }),
    ]);
    const pids = [(await home.ping()).pid, ...(await home.instances()).map(({ pid }) => pid ?? 0)];
    expect(pids.map(isRunning)).toEqual([true, true, true, true]);
    await home.ok(['kill']);
    expect(pids.map(isRunning)).toEqual([false, false, false, false]);
    expect(home.processes()).toEqual([]);
  });

  test('commands that only read start none', async () => {
    const home = testHome();
    expect(await home.run(['jlist'])).toMatchObject({ code: 0, stdout: '[]' });
    expect(await home.run(['list'])).toMatchObject({ code: 0 });
    expect(await home.run(['ping'])).toMatchObject({ code: 3 });
    expect(await home.run(['kill'])).toMatchObject({ code: 0 });
    expect(home.processes()).toEqual([]);
  });

  test('ping --json says who answers', async () => {
    const home = testHome();
    await home.ok(['start', fixture('waits.sh')]);
    const { stdout } = await home.ok(['ping', '--json']);
    const said = JSON.parse(stdout);
    expect(said).toMatchObject({ pid: (await home.ping()).pid, version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
    expect(said.uptimeSeconds).toBeGreaterThanOrEqual(0);
    expect(isRunning(said.pid)).toBe(true);
  });

  test('--no-daemon keeps it in the foreground, and SIGINT ends everything', async () => {
    const home = testHome();
    const command = home.start(['start', fixture('waits.sh'), '--name', 'front', '--no-daemon']);
    const { pid } = await untilStatus(home, 'front', 'running');
    expect(isRunning(command.pid)).toBe(true);
    command.signal('SIGINT');
    expect((await command.ended).code).toBe(0);
    expect(isRunning(pid ?? 0)).toBe(false);
    expect(home.processes()).toEqual([]);
  });

  test('--no-daemon prints what the apps write, from their first line to their last, and nothing of before', async () => {
    const home = testHome();
    const app = home.write(
      'talks.cjs',
      `console.log('first words of', process.env.RUN);
      process.on('SIGINT', () => {
        console.log('last words of', process.env.RUN);
        process.exit(0);
      });
      setInterval(() => {}, 1000);`,
    );
    for (const run of ['one', 'two']) {
      const command = home.start(['start', app, '--no-daemon'], { env: { RUN: run } });
      await until(() => command.stdout().includes(`| first words of ${run}`), { what: 'the first line of the app' });
      command.signal('SIGINT');
      const { code, stdout, stderr } = await command.ended;
      const said = stdout.split('\n').filter((line) => line.startsWith('0|talks | '));
      expect([code, said, stderr]).toEqual([
        0,
        [`0|talks | first words of ${run}`, `0|talks | last words of ${run}`],
        '',
      ]);
    }
    expect(home.processes()).toEqual([]);
  });

  test.skipIf(process.platform !== 'linux')('a SIGUSR2 or SIGHUP does not end one that is still starting', async () => {
    const home = testHome();
    // It waits here for its settings until somebody writes them.
    const settings = path.join(home.root, 'home/settings.json');
    mkdirSync(path.dirname(settings), { mode: 0o700 });
    execFileSync('mkfifo', [settings]);
    const command = home.start(['start', fixture('waits.sh'), '--name', 'late']);
    const pid = await until(() => daemonsOf(home.processes()).find(takesReopenSignal), {
      what: 'a daemon that starts',
    });
    process.kill(pid, 'SIGUSR2');
    process.kill(pid, 'SIGHUP');
    writeFileSync(settings, '{}');
    expect(await command.ended).toMatchObject({ code: 0 });
    expect((await home.ping()).pid).toBe(pid);
    rmSync(settings);
  });

  test('a SIGTERM ends the apps and then the daemon', async () => {
    const home = testHome();
    await home.ok(['start', fixture('waits.sh')]);
    process.kill((await home.ping()).pid, 'SIGTERM');
    await until(() => home.processes().length === 0, { what: 'daemon and app gone' });
    expect(await home.run(['ping'])).toMatchObject({ code: 3 });
  });
});
