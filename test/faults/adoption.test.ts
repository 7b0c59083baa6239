import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { countersIn, gapsIn, killDaemon, rewriteState, stateFile } from '../support/adoption.ts';
import { appOf, startApps, untilExits, untilStatus } from '../support/apps.ts';
import { fixture } from '../support/cli.ts';
import { freePort, serve, serverApp } from '../support/cluster.ts';
import { startLoad } from '../support/load.ts';
import { isRunning } from '../support/processes.ts';
import { type TestHome, testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';

async function pidsOf(home: TestHome): Promise<ReadonlyMap<number, number | null>> {
  return new Map((await home.instances()).map(({ id, pid }) => [id, pid]));
}

/** Any command that needs a daemon: it finds the last one dead and starts another. */
async function comeBack(home: TestHome): Promise<void> {
  await home.ok(['list']);
}

function stranger(): ChildProcess {
  const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

describe('a daemon that was killed', () => {
  test('costs no request, no process, no line and no counter', async () => {
    const home = testHome();
    const port = await freePort();
    await startApps(home, [
      appOf('web', 'numbers.cjs', { instances: 2, exec_mode: 'cluster', env: { PORT: String(port) } }),
      appOf('node', 'numbers.cjs'),
      appOf('bare', 'numbers.cjs', { agent: false }),
      appOf('bash', 'numbers.sh'),
      appOf('python', 'numbers.py'),
      { name: 'native', script: '/bin/sleep', args: '600', interpreter: 'none' },
      appOf('crashed', 'crash-after.sh', { args: ['0.05', '1'], max_restarts: 2 }),
    ]);
    await untilStatus(home, 'crashed', 'fatal');
    const before = await pidsOf(home);
    const counted = { app: 'crashed', reason: 'error_code' };
    expect(await home.metric('promvisor_instance_exits_total', counted)).toBe(2);
    const load = startLoad({ url: `http://127.0.0.1:${port}/`, keepAlive: true, perSecond: 300 });
    let shown = countersIn((await home.http('/metrics')).body);
    for (let round = 0; round < 3; round++) {
      const sent = load.requests;
      await until(() => load.requests > sent + 100, { what: 'requests with a daemon' });
      await killDaemon(home);
      const alone = load.requests;
      await until(() => load.requests > alone + 60, { what: 'requests without a daemon' });
      await comeBack(home);
      const before = shown;
      shown = await until(
        async () => {
          const now = countersIn((await home.http('/metrics')).body);
          return [...before.keys()].every((series) => now.has(series)) && now;
        },
        { what: 'every counter again' },
      );
      const fallen = [...before].filter(([series, value]) => (shown.get(series) ?? 0) < value);
      expect(fallen).toEqual([]);
    }
    const { failed, requests } = await load.stop();
    expect(failed).toBe(0);
    expect(requests).toBeGreaterThan(400);
    expect(await pidsOf(home)).toEqual(before);
    expect(await home.ping()).toMatchObject({ adopted: 7 });
    expect((await home.instances()).map(({ restarts }) => restarts)).toEqual([0, 0, 0, 0, 0, 0, 0, 1]);
    expect(await home.metric('promvisor_instance_exits_total', counted)).toBe(2);
    for (const [app, id] of [['web', 0], ['web', 1], ['node'], ['bare'], ['bash'], ['python']] as const) {
      const { lines, missing, repeated } = gapsIn(home.log(app, 'out', id));
      expect({ app, missing }).toEqual({ app, missing: 0 });
      expect(repeated).toBeLessThanOrEqual(3);
      expect(lines).toBeGreaterThan(50);
    }
  });

  test('is followed by one that knows what died meanwhile: how, where its host saw it, and by the policy', async () => {
    const home = testHome();
    const server = await serverApp(home, 'http-plain.cjs');
    await serve(home, server);
    await startApps(home, [appOf('fork', 'waits.cjs'), appOf('once', 'waits.sh', { autorestart: false })]);
    const pids = await pidsOf(home);
    await killDaemon(home);
    for (const id of [1, 2, 3]) process.kill(pids.get(id) ?? 0, 'SIGKILL');
    await until(() => ![1, 2, 3].some((id) => isRunning(pids.get(id) ?? 0)), { what: 'they are dead' });
    await comeBack(home);
    await untilExits(home, { app: 'fork', reason: 'unknown' });
    expect(await untilStatus(home, 'fork', 'running')).toMatchObject({
      restarts: 1,
      lastExit: { code: null, signal: null },
    });
    expect(await untilStatus(home, 'once', 'exited')).toMatchObject({ lastExit: { reason: 'unknown' } });
    const worker = await until(
      async () => (await home.instances()).find(({ id, status }) => id === 1 && status === 'running'),
      { what: 'the worker is replaced' },
    );
    expect(worker).toMatchObject({ restarts: 1, lastExit: { reason: 'signal', signal: 'SIGKILL' } });
    expect((await pidsOf(home)).get(0)).toBe(pids.get(0));
  });

  test('is followed by one that notices deaths of what it took over, and stops, restarts and reloads it', async () => {
    const home = testHome();
    const server = await serverApp(home, 'http-plain.cjs', { min_uptime: 300 });
    await serve(home, server);
    await startApps(home, [appOf('fork', 'waits.sh'), appOf('tree', 'spawns-children.sh'), appOf('gone', 'waits.py')]);
    await killDaemon(home);
    await comeBack(home);
    const { pid } = await home.instance('fork');
    process.kill(pid ?? 0, 'SIGKILL');
    await untilExits(home, { app: 'fork', reason: 'unknown' });
    await home.ok(['stop', 'tree']);
    await home.ok(['delete', 'gone']);
    await home.ok(['restart', 'fork']);
    const load = startLoad({ url: server.url, keepAlive: true });
    await home.ok(['reload', 'web']);
    expect((await load.stop()).failed).toBe(0);
    expect(await home.instance('tree')).toMatchObject({ status: 'stopped', lastExit: { reason: 'requested' } });
  });

  test('is followed by one that ends what was under way: a stop, a back-off, a reload', async () => {
    const home = testHome();
    const server = await serverApp(home, 'http-plain.cjs', { min_uptime: 1_500, instances: 1, exec_mode: 'cluster' });
    await serve(home, server);
    await startApps(home, [
      appOf('stays', 'ignores-sigint.sh', { kill_timeout: 1_000 }),
      appOf('waits', 'crash-after.sh', { args: ['0.05', '1'], restart_delay: 1_500 }),
    ]);
    await untilStatus(home, 'waits', 'backoff');
    home.start(['stop', 'stays']);
    await untilStatus(home, 'stays', 'stopping');
    home.start(['reload', 'web']);
    // One that is not in the state yet would be ended, which is a sound end too.
    const isSaved = () => /"role":"candidate"[^}]*"pid":\d/.test(readFileSync(stateFile(home), 'utf8'));
    await until(isSaved, { what: 'a candidate in the state' });
    const { generation: starts } = await home.instance('waits');
    await killDaemon(home);
    await comeBack(home);
    expect(await untilStatus(home, 'stays', 'stopped')).toMatchObject({ lastExit: { reason: 'kill_timeout' } });
    const isDone = async () => {
      const { generation, status } = await home.instance('web');
      return generation === 2 && status === 'running' && home.processes().length > 0;
    };
    await until(isDone, { what: 'the new process of the reload has taken over' });
    await until(async () => (await home.instance('waits')).generation > starts, { what: 'a start after the back-off' });
    const { counters } = await home.describe('web');
    expect(counters).toMatchObject({ starts: 2, restarts: { requested: 1 } });
  });

  test('leaves apps that talk by IPC alone, and their messages come again', async () => {
    const home = testHome();
    await startApps(home, [appOf('talks', 'says-messages.cjs', { wait_ready: true, shutdown_with_message: true })]);
    const { pid } = await untilStatus(home, 'talks', 'running');
    await killDaemon(home);
    await comeBack(home);
    await until(async () => (await home.describe('talks')).agentConnected, { what: 'its agent is back' });
    expect(await home.instance('talks')).toMatchObject({ pid, restarts: 0 });
    await home.ok(['stop', 'talks']);
    await until(() => home.log('talks').includes('got shutdown'), { what: 'the message in its log' });
  });

  test('does not get a stranger signalled, however much it looks like a process of ours', async () => {
    const home = testHome();
    await startApps(home, [appOf('app', 'waits.sh')]);
    const { pid } = await home.instance('app');
    const other = stranger();
    await killDaemon(home);
    process.kill(pid ?? 0, 'SIGKILL');
    rewriteState(home, (state) => ({
      ...state,
      instances: state.instances.map((row) => ({
        ...row,
        processes: row.processes.map((process) => {
          return { ...process, identity: { ...process.identity, pid: other.pid ?? 0 } };
        }),
      })),
    }));
    await comeBack(home);
    await untilExits(home, { app: 'app', reason: 'unknown' });
    await home.ok(['kill']);
    expect(other.exitCode ?? other.signalCode).toBeNull();
    expect(isRunning(other.pid ?? 0)).toBe(true);
  });

  test('is followed by one that takes the process which the last had no time to note, and no second one', async () => {
    const home = testHome();
    await startApps(home, [appOf('app', 'waits.sh')]);
    const early = readFileSync(stateFile(home), 'utf8');
    process.kill((await home.instance('app')).pid ?? 0, 'SIGKILL');
    await untilExits(home, { app: 'app', reason: 'signal' });
    const { pid } = await untilStatus(home, 'app', 'running');
    await killDaemon(home);
    writeFileSync(stateFile(home), early);
    await comeBack(home);
    expect(await home.instance('app')).toMatchObject({ pid, generation: 2, restarts: 1, status: 'running' });
    expect((await home.describe('app')).counters).toMatchObject({ starts: 2, restarts: { unknown: 1 } });
  });

  test('is followed by one that ends what the last had started for nobody', async () => {
    const home = testHome();
    await startApps(home, [appOf('first', 'waits.sh')]);
    const early = readFileSync(stateFile(home), 'utf8');
    await startApps(home, [appOf('second', 'waits.cjs')]);
    const { pid } = await home.instance('second');
    await killDaemon(home);
    writeFileSync(stateFile(home), early);
    await comeBack(home);
    await until(() => !isRunning(pid ?? 0), { what: 'the process that nobody had noted is gone' });
    expect((await home.instances()).map(({ app }) => app)).toEqual(['first']);
  });
});

describe('a state file', () => {
  test('that is cut off or not ours is set aside, and the one before it is taken', async () => {
    const home = testHome();
    await startApps(home, [appOf('app', 'waits.sh')]);
    const { pid } = await home.instance('app');
    await home.ok(['restart', 'app']);
    const now = await until(async () => (await home.instance('app')).pid, { what: 'its pid' });
    expect(now).not.toBe(pid);
    await killDaemon(home);
    truncateSync(stateFile(home), 200);
    await home.ok(['start', fixture('waits.cjs')]);
    expect(await home.instance('app')).toMatchObject({ pid: now, status: 'running' });
    const aside = readdirSync(path.dirname(stateFile(home))).filter((name) => name.includes('.broken-'));
    expect(aside).toHaveLength(1);
  });

  test('of a newer version is left alone: the daemon refuses, the apps run on', async () => {
    const home = testHome({}, { daemonFails: true });
    await startApps(home, [appOf('app', 'waits.sh')]);
    const { pid } = await home.instance('app');
    await killDaemon(home);
    const good = readFileSync(stateFile(home), 'utf8');
    writeFileSync(stateFile(home), good.replace('"version":1', '"version":99'));
    const refused = await home.run(['list']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/version 99.*knows 1/s);
    expect(isRunning(pid ?? 0)).toBe(true);
    writeFileSync(stateFile(home), good);
    await comeBack(home);
    expect(await home.instance('app')).toMatchObject({ pid, status: 'running' });
  });
});

test('a daemon that is told to end stops its apps, and the next one has them again', async () => {
  const home = testHome();
  await startApps(home, [appOf('up', 'waits.sh'), appOf('down', 'waits.cjs')]);
  await home.ok(['stop', 'down']);
  const { pid } = await home.ping();
  const up = await home.instance('up');
  process.kill(pid, 'SIGTERM');
  await until(() => !isRunning(pid), { what: 'the daemon has ended' });
  expect(isRunning(up.pid ?? 0)).toBe(false);
  expect((await home.ok(['jlist'])).stdout.trim()).toBe('[]');
  await home.ok(['start', fixture('waits.py')]);
  expect(await untilStatus(home, 'up', 'running')).toMatchObject({ id: up.id, restarts: 0, generation: 2 });
  expect(await home.instance('down')).toMatchObject({ status: 'stopped' });
  await home.ok(['kill']);
  await home.ok(['start', fixture('waits.sh')]);
  expect((await home.instances()).map(({ app }) => app)).toEqual(['waits']);
});
