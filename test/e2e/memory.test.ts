import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { appOf, startApps } from '../support/apps.ts';
import { commandLine } from '../support/processes.ts';
import { type TestHome, testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';

const MB = 1024 * 1024;

/** Resident bytes of the processes that grow, by the argument that tells them apart. */
function grown(home: TestHome, argument: string): number {
  const sizes = home
    .processes()
    .filter((pid) => commandLine(pid).includes('grows-memory.cjs') && commandLine(pid).endsWith(argument))
    .map((pid) => Number(/^VmRSS:\s+(\d+)/m.exec(statusOf(pid))?.[1] ?? 0) * 1024);
  return sizes.reduce((sum, size) => sum + size, 0);
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return '';
  }
}

test('an app of 200M that grows 50 MB/s is restarted below 350 MB, and so is one whose child grows', async (context) => {
  context.skip(process.platform !== 'linux', 'needs /proc');
  const home = testHome();
  const limit = { max_memory_restart: '200M' };
  await startApps(home, [
    appOf('root', 'grows-memory.cjs', { ...limit, args: ['50', '901'] }),
    appOf('child', 'child-grows-memory.cjs', { ...limit, args: ['50', '902'] }),
  ]);
  const most: Record<string, number> = { '901': 0, '902': 0 };
  const look = async () => {
    for (const [argument, size] of Object.entries(most)) most[argument] = Math.max(size, grown(home, argument));
    const [root, child] = await Promise.all([home.describe('root'), home.describe('child')]);
    return root.counters.restarts.memory_limit > 0 && child.counters.restarts.memory_limit > 0;
  };
  await until(look, { what: 'both restarted', timeoutMs: 30_000 });
  for (const [argument, size] of Object.entries(most)) {
    expect(size / MB, argument).toBeGreaterThan(100);
    expect(size / MB, argument).toBeLessThan(350);
  }
  expect((await home.instance('root')).lastExit).toMatchObject({ reason: 'memory_limit' });
  expect(
    await home.metric('promvisor_instance_restarts_total', { app: 'child', reason: 'memory_limit' }),
  ).toBeGreaterThan(0);
  expect(await home.metric('promvisor_instance_memory_limit_bytes', { app: 'child' })).toBe(200 * MB);
});
