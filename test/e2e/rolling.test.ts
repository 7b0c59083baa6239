import { describe, expect, test } from 'vitest';
import { pidsOf, serve, serverApp, slotsOf } from '../support/cluster.ts';
import { startLoad } from '../support/load.ts';
import { type TestHome, testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';
import { askHttp } from '../support/wire.ts';

/** Waits until every instance of the app has been replaced for a reason, and says which processes there are then. */
async function untilReplaced(home: TestHome, reason: string, instances: number): Promise<void> {
  const look = async () => {
    const ended = (await slotsOf(home)).filter(
      ({ lastExit, status }) => lastExit?.reason === reason && status === 'running',
    );
    return ended.length >= instances;
  };
  await until(look, { what: `${instances} instances replaced for ${reason}`, timeoutMs: 40_000 });
}

describe('a trigger replaces the instances of a cluster app in turn', () => {
  test('cron: no request fails', async () => {
    const home = testHome();
    const web = await serverApp(home, 'http-plain.cjs', { cron_restart: '*/3 * * * * *' });
    await serve(home, web);
    const load = startLoad({ url: web.url, keepAlive: true, concurrency: 10 });
    await untilReplaced(home, 'cron', 2);
    const { failures, requests } = await load.stop();
    expect(failures).toEqual([]);
    expect(requests).toBeGreaterThan(100);
  });

  test('watch: no request fails', async () => {
    const home = testHome();
    const watched = home.write('watched/file', '1');
    const web = await serverApp(home, 'http-graceful.cjs', {
      watch: [watched],
      watch_options: { usePolling: true, interval: 50 },
    });
    await serve(home, web);
    const load = startLoad({ url: web.url, keepAlive: false, concurrency: 10 });
    let writes = 0;
    // The watcher needs a moment to know the file: it is changed until that is seen.
    await until(
      async () => {
        home.write('watched/file', String(writes++));
        return (await home.why('0')).transitions.some(({ cause }) => cause === 'watch');
      },
      { what: 'a changed file is seen' },
    );
    await untilReplaced(home, 'watch', 2);
    const { failures } = await load.stop();
    expect(failures).toEqual([]);
  });

  test('memory: the one above its limit goes when its replacement is there', async () => {
    const home = testHome();
    const web = await serverApp(home, 'grows.cjs', { max_memory_restart: '150M' });
    await serve(home, web);
    const before = await pidsOf(home);
    const load = startLoad({ url: web.url, keepAlive: false, concurrency: 10 });
    await askHttp({ address: new URL(web.url).host, path: '/grow' });
    await untilReplaced(home, 'memory_limit', 1);
    const { failures } = await load.stop();
    expect(failures).toEqual([]);
    const after = await pidsOf(home);
    expect(after.filter((pid) => before.includes(pid))).toHaveLength(1);
  });
});
