import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { appOf, startApps, untilExits, untilStatus } from '../support/apps.ts';
import { pidsOf, serve, serverApp, slotsOf } from '../support/cluster.ts';
import { testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';
import { askHttp } from '../support/wire.ts';

/** Session of a process: the fourth field after its name in /proc/PID/stat, proc(5). */
function sessionOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]);
}

describe('cluster mode', () => {
  test('instances share a port and have slots, ids, logs and sessions of their own', async () => {
    const home = testHome();
    const server = await serverApp(home, 'http-graceful.cjs');
    await serve(home, server);
    const slots = await slotsOf(home);
    expect(slots.map(({ id, slot, execMode, status }) => ({ id, slot, execMode, status }))).toEqual([
      { id: 0, slot: 0, execMode: 'cluster', status: 'running' },
      { id: 1, slot: 1, execMode: 'cluster', status: 'running' },
    ]);
    const pids = slots.map(({ pid }) => pid ?? 0);
    expect(pids.map(sessionOf)).toEqual(pids);
    const seen = new Set<string>();
    const address = new URL(server.url).host;
    await until(
      async () => {
        seen.add(JSON.parse((await askHttp({ address, path: '/' })).body).slot);
        return seen.size === 2;
      },
      { what: 'an answer of both' },
    );
    expect(home.log('web', 'out', 0)).toContain(`ready ${pids[0]}`);
    expect(home.log('web', 'out', 1)).toContain(`ready ${pids[1]}`);
    const [first] = JSON.parse((await home.ok(['jlist'])).stdout);
    expect(first.pm2_env).toMatchObject({ exec_mode: 'cluster_mode', instances: 2, NODE_APP_INSTANCE: 0 });
    const [described] = JSON.parse((await home.ok(['describe', '0', '--json'])).stdout);
    expect(described).toMatchObject({ agentConnected: true, runtime: { heapUsedBytes: expect.any(Number) } });
    expect(described.hostPid).toBeGreaterThan(0);
  });

  test('an app gets exactly its own environment, and no trace of what supervises it', async () => {
    const home = testHome({ SEEN_BY_SHELL: 'yes' });
    await startApps(home, [appOf('env', 'prints-env.cjs', { instances: 1, exec_mode: 'cluster', env: { MINE: '1' } })]);
    const text = await until(() => /\n$/.test(home.log('env', 'out', 0)) && home.log('env', 'out', 0), {
      what: 'its environment',
    });
    const env = JSON.parse(text);
    expect(env).toMatchObject({ MINE: '1', SEEN_BY_SHELL: 'yes', NODE_APP_INSTANCE: '0', pm_id: '0', name: 'env' });
    expect(Object.keys(env).filter((key) => key.startsWith('PROMVISOR_') && key !== 'PROMVISOR_HOME')).toEqual([]);
  });

  test('exit codes, signals and last words are the truth', async () => {
    const home = testHome();
    const cluster = { instances: 1, exec_mode: 'cluster', autorestart: false };
    await startApps(home, [
      appOf('code', 'crash-after.cjs', { ...cluster, args: ['50', '7'] }),
      appOf('throws', 'throws.cjs', cluster),
      appOf('aborts', 'aborts.cjs', cluster),
    ]);
    await untilExits(home, { app: 'code', reason: 'error_code' });
    expect((await home.instance('code')).lastExit).toMatchObject({ code: 7, signal: null });
    await untilExits(home, { app: 'throws', reason: 'uncaught' });
    expect((await home.instance('throws')).lastExit).toMatchObject({ code: 1 });
    const { id } = await home.instance('throws');
    await until(() => home.log('throws', 'error', id).includes('at '), { what: 'the stack' });
    await untilExits(home, { app: 'aborts', reason: 'signal' });
    expect((await home.instance('aborts')).lastExit).toMatchObject({ code: null, signal: 'SIGABRT' });
  });

  test('a worker that is killed is replaced; the other serves on', async () => {
    const home = testHome();
    const server = await serverApp(home, 'http-plain.cjs');
    await serve(home, server);
    const [first, second] = await pidsOf(home);
    process.kill(first ?? 0, 'SIGKILL');
    await until(async () => (await slotsOf(home))[0]?.lastExit?.reason === 'signal', { what: 'the death is known' });
    await until(async () => (await slotsOf(home))[0]?.status === 'running', { what: 'it is back' });
    const [replaced, same] = await pidsOf(home);
    expect(same).toBe(second);
    expect(replaced).not.toBe(first);
  });

  test('a host that is killed takes its workers along; all are back, for the reason host_lost', async () => {
    const home = testHome();
    const server = await serverApp(home, 'http-plain.cjs');
    await serve(home, server);
    const before = await pidsOf(home);
    process.kill((await home.describe('0')).hostPid ?? 0, 'SIGKILL');
    const back = async () =>
      (await slotsOf(home)).every(({ status, lastExit }) => status === 'running' && lastExit?.reason === 'host_lost');
    await until(back, { what: 'both are back' });
    const after = await pidsOf(home);
    expect(after.filter((pid) => before.includes(pid))).toEqual([]);
    const address = new URL(server.url).host;
    await until(async () => (await askHttp({ address, path: '/' })).status === 200, { what: 'an answer' });
    expect(
      await home.metric('promvisor_instance_restarts_total', { app: 'web', instance_id: '1', reason: 'host_lost' }),
    ).toBe(1);
  });

  test('a host that dies with an order it has not answered leaves nobody waiting', async () => {
    const home = testHome();
    const server = await serverApp(home, 'http-plain.cjs');
    await serve(home, server);
    const hostPid = (await home.describe('0')).hostPid ?? 0;
    process.kill(hostPid, 'SIGSTOP');
    const command = home.start(['scale', 'web', '+1']);
    await until(async () => (await slotsOf(home))[2]?.status === 'starting', { what: 'the order is given' });
    process.kill(hostPid, 'SIGKILL');
    const up = async () => (await slotsOf(home)).every(({ status }) => status === 'running');
    await until(up, { what: 'all three run' });
    await command.ended;
    expect((await slotsOf(home))[2]?.lastExit).toMatchObject({
      reason: 'spawn_failed',
      message: expect.stringContaining('cluster host is gone'),
    });
  });

  test('two apps on one port do not share it: the second says EADDRINUSE', async () => {
    const home = testHome();
    const server = await serverApp(home, 'http-plain.cjs', { instances: 1, exec_mode: 'cluster' });
    await serve(home, server);
    const second = { ...server.app, name: 'second', autorestart: false };
    const { code } = await home.run(['start', home.write('second.config.json', JSON.stringify({ apps: [second] }))]);
    expect(code).toBe(1);
    const died = await untilStatus(home, 'second', 'exited');
    expect(died.lastExit).toMatchObject({ reason: 'uncaught', code: 1 });
    expect((await home.ok(['why', 'second'])).stdout).toContain('EADDRINUSE');
  });

  test('scale adds and removes instances, highest slots first', async () => {
    const home = testHome();
    const server = await serverApp(home, 'http-graceful.cjs');
    await serve(home, server);
    const [first] = await pidsOf(home);
    await home.ok(['scale', 'web', '+1']);
    expect((await slotsOf(home)).map(({ slot }) => slot)).toEqual([0, 1, 2]);
    await home.ok(['scale', 'web', '-2']);
    expect(await pidsOf(home)).toEqual([first]);
    await home.ok(['scale', 'web', '2']);
    expect((await slotsOf(home)).map(({ slot }) => slot)).toEqual([0, 1]);
    for (const wrong of ['0', '-2', 'two', '1.5']) {
      const { code, stderr } = await home.run(['scale', 'web', wrong]);
      expect([wrong, code]).toEqual([wrong, 2]);
      expect(stderr).toContain(wrong);
    }
    expect((await home.run(['scale', 'nothing', '2'])).code).toBe(4);
  });

  test('a script that cannot be found, and an interpreter that is not there, are failed starts', async () => {
    const home = testHome();
    const { code, stdout } = await startApps(home, [
      appOf('lost', 'waits.cjs', { exec_mode: 'cluster', instances: 1, interpreter: '/nowhere/node', max_restarts: 1 }),
    ]);
    expect(code).toBe(1);
    expect(stdout).toContain('/nowhere/node');
    expect((await home.instance('lost')).lastExit).toMatchObject({ reason: 'spawn_failed' });
  });
});
