import { describe, expect, test } from 'vitest';
import { appOf, startApps, untilStatus } from '../support/apps.ts';
import { pidsOf, serve, serverApp, slotsOf } from '../support/cluster.ts';
import { type RunningLoad, startLoad } from '../support/load.ts';
import { type TestHome, testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';

/** So many requests are answered before something is done, and after it. */
const REQUESTS = 200;

function flows(load: RunningLoad, more = REQUESTS): Promise<boolean> {
  const from = load.requests;
  return until(() => load.requests >= from + more, { what: `${more} more requests` });
}

async function expectNoneFailed(load: RunningLoad): Promise<void> {
  const { requests, failures } = await load.stop();
  expect(failures).toEqual([]);
  expect(requests).toBeGreaterThan(2 * REQUESTS);
}

/** The same processes run, and nothing else does. */
async function expectUnchanged(home: TestHome, before: readonly (number | null)[]): Promise<void> {
  const slots = await slotsOf(home);
  expect(slots.map(({ pid, status }) => ({ pid, status }))).toEqual(before.map((pid) => ({ pid, status: 'running' })));
}

const SERVERS = ['http-plain', 'http-graceful', 'express', 'fastify', 'koa', 'https', 'ws'] as const;

describe('reload', () => {
  for (const server of SERVERS) {
    test(`${server}: every process is replaced and no request fails, on kept and on new connections`, async () => {
      const home = testHome();
      const web = await serverApp(home, `${server}.cjs`);
      await serve(home, web);
      const before = await pidsOf(home);
      const loads = [true, false].map((keepAlive) =>
        startLoad({ url: web.url, keepAlive, concurrency: 10, perSecond: 250 }),
      );
      for (const load of loads) await flows(load);
      web.release('ok b');
      const { stdout } = await home.ok(['reload', 'web']);
      expect(stdout).toContain('web:1 (id 1) reloaded');
      for (const load of loads) await flows(load);
      for (const load of loads) await expectNoneFailed(load);
      const after = await pidsOf(home);
      expect(after.filter((pid) => before.includes(pid))).toEqual([]);
      expect((await slotsOf(home)).map(({ restarts, lastExit }) => [restarts, lastExit?.reason])).toEqual([
        [1, 'requested'],
        [1, 'requested'],
      ]);
    });
  }

  for (const [release, words] of [
    ['throw', 'this release throws at load'],
    ['never', 'was not ready after 1500 ms'],
    ['die500', 'this release dies after it has listened'],
  ] as const) {
    test(`onto a release that is broken (${release}): nothing is changed, exit code 1, and why`, async () => {
      const home = testHome();
      const web = await serverApp(home, 'http-graceful.cjs', { listen_timeout: 1500 });
      await serve(home, web);
      const before = await pidsOf(home);
      const load = startLoad({ url: web.url, keepAlive: true, concurrency: 10 });
      await flows(load);
      web.release(release);
      const { code, stdout, stderr } = await home.run(['reload', 'web']);
      expect(code).toBe(1);
      expect(stdout + stderr).toContain(words);
      expect(stdout).toContain('web:1 (id 1) not reloaded: left as it is');
      await flows(load);
      await expectNoneFailed(load);
      await expectUnchanged(home, before);
      expect(await home.metric('promvisor_reloads_total', { app: 'web', result: 'aborted' })).toBe(1);
      web.release('ok b');
      await home.ok(['reload', 'web']);
      expect((await pidsOf(home)).filter((pid) => before.includes(pid))).toEqual([]);
    });
  }

  test('a second reload of an app is refused, and the first goes on', async () => {
    const home = testHome();
    const web = await serverApp(home, 'http-plain.cjs');
    await serve(home, web);
    const first = home.start(['reload', 'web']);
    await until(async () => (await home.why('0')).transitions.some(({ beside }) => beside), { what: 'it has begun' });
    const second = await home.run(['reload', 'web']);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain('is being reloaded already');
    expect((await first.ended).code).toBe(0);
  });

  test('goes on when the command is killed', async () => {
    const home = testHome();
    const web = await serverApp(home, 'http-plain.cjs');
    await serve(home, web);
    const before = await pidsOf(home);
    const command = home.start(['reload', 'web']);
    await until(async () => (await home.why('0')).transitions.some(({ beside }) => beside), { what: 'it has begun' });
    command.signal('SIGKILL');
    const over = async () => (await home.metric('promvisor_reloads_total', { app: 'web', result: 'done' })) === 1;
    await until(over, { what: 'the reload is done' });
    expect((await pidsOf(home)).filter((pid) => before.includes(pid))).toEqual([]);
  });

  test('stop in the middle of a reload ends both processes', async () => {
    const home = testHome();
    const web = await serverApp(home, 'http-plain.cjs', { listen_timeout: 20_000 });
    await serve(home, web);
    web.release('never');
    const command = home.start(['reload', 'web']);
    await until(async () => (await home.why('0')).transitions.some(({ beside }) => beside), { what: 'it has begun' });
    await home.ok(['stop', 'web']);
    expect((await command.ended).code).toBe(1);
    expect((await slotsOf(home)).map(({ status, pid }) => ({ status, pid }))).toEqual([
      { status: 'stopped', pid: null },
      { status: 'stopped', pid: null },
    ]);
  });

  test('applies a changed config file, --update-env, and starts what is stopped', async () => {
    const home = testHome();
    const web = await serverApp(home, 'http-graceful.cjs', { env: { RELEASE: 'one' } });
    await serve(home, web);
    const env = async () =>
      (await home.get<{ instances: { env: Record<string, string> }[] }>('/v1/env?target=web')).instances;
    const changed = { ...web.app, env: { ...(web.app['env'] as object), RELEASE: 'two' } };
    await home.ok(['reload', home.write('ecosystem.config.json', JSON.stringify({ apps: [changed] }))]);
    expect((await env()).map((one) => one.env['RELEASE'])).toEqual(['two', 'two']);
    await home.ok(['reload', 'web', '--update-env'], { env: { RELEASE: 'three' } });
    expect((await env()).map((one) => one.env['RELEASE'])).toEqual(['three', 'three']);
    await home.ok(['stop', 'web']);
    await home.ok(['reload', 'web', '--parallel', '2']);
    expect((await slotsOf(home)).map(({ status }) => status)).toEqual(['running', 'running']);
  });

  test('wait_ready: a new process is ready when it says so', async () => {
    const home = testHome();
    await startApps(home, [
      appOf('says', 'needs-ready.cjs', { instances: 1, exec_mode: 'cluster', wait_ready: true, args: ['100'] }),
    ]);
    const { pid } = await untilStatus(home, 'says', 'running');
    await home.ok(['reload', 'says']);
    expect((await home.instance('says')).pid).not.toBe(pid);
  });

  test('an app that never listens is reloaded too', async () => {
    const home = testHome();
    await startApps(home, [appOf('queue', 'waits.cjs', { instances: 1, exec_mode: 'cluster' })]);
    const { pid } = await untilStatus(home, 'queue', 'running');
    await home.ok(['reload', 'queue']);
    expect((await home.instance('queue')).pid).not.toBe(pid);
  });

  test('in fork mode it is a restart, and says so', async () => {
    const home = testHome();
    await startApps(home, [appOf('single', 'waits.cjs')]);
    const { stdout } = await home.ok(['reload', 'single']);
    expect(stdout).toContain('only cluster mode reloads without a gap');
  });
});
