import { describe, expect, test } from 'vitest';
import { appOf, startApps, untilStatus } from '../support/apps.ts';
import { type TestHome, testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';

/** What runs besides the daemon. */
async function apps(home: TestHome): Promise<number[]> {
  const { pid } = await home.ping();
  return home.processes().filter((other) => other !== pid);
}

const TREE = { kill_timeout: 300 };
/** The root, the child in the background with its sleep, and the sleep in a process group of its own. */
const TREE_SIZE = 4;

describe('process trees', () => {
  test('stop leaves nothing of a tree that ignores signals', async () => {
    const home = testHome();
    await startApps(home, [appOf('tree', 'spawns-children.sh', TREE)]);
    await until(async () => (await apps(home)).length === TREE_SIZE, { what: 'the whole tree' });
    await home.ok(['stop', 'tree']);
    expect(await apps(home)).toEqual([]);
    expect(await home.instance('tree')).toMatchObject({ status: 'stopped', pid: null });
  });

  test('restart leaves one tree, delete leaves none', async () => {
    const home = testHome();
    await startApps(home, [appOf('tree', 'spawns-children.sh', TREE)]);
    await until(async () => (await apps(home)).length === TREE_SIZE, { what: 'the whole tree' });
    const before = await apps(home);
    await home.ok(['restart', 'tree']);
    await until(async () => (await apps(home)).length === TREE_SIZE, { what: 'the whole new tree' });
    expect((await apps(home)).filter((pid) => before.includes(pid))).toEqual([]);
    await home.ok(['delete', 'tree']);
    expect(await apps(home)).toEqual([]);
    expect(await home.instances()).toEqual([]);
  });

  test('what a process leaves behind when it ends by itself is ended too', async () => {
    const home = testHome();
    await startApps(home, [appOf('parent', 'leaves-orphan.sh', { ...TREE, autorestart: false, args: ['0.2', '0'] })]);
    await untilStatus(home, 'parent', 'exited');
    expect(home.log('parent')).toContain('orphan');
    expect(await apps(home)).toEqual([]);
  });

  test('what it leaves behind is ended before it is started again', async () => {
    const home = testHome();
    await startApps(home, [appOf('parent', 'leaves-orphan.sh', { ...TREE, args: ['0.2', '1'] })]);
    await until(async () => (await home.describe('parent')).counters.starts >= 3, { what: 'three starts' });
    await home.ok(['stop', 'parent']);
    expect(await apps(home)).toEqual([]);
    const orphans = home.log('parent').match(/orphan \d+/g) ?? [];
    expect(new Set(orphans).size).toBe(orphans.length);
  });

  test('stop of 30 apps at once is as thorough', async () => {
    const home = testHome();
    await startApps(
      home,
      Array.from({ length: 30 }, (_, i) => appOf(`app-${i}`, 'waits.sh')),
    );
    expect(await apps(home)).toHaveLength(30);
    await home.ok(['stop', 'all']);
    expect(await apps(home)).toEqual([]);
    expect((await home.instances()).every(({ status }) => status === 'stopped')).toBe(true);
  });
});
