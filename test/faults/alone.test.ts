import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { gapsIn, killDaemon } from '../support/adoption.ts';
import { appOf, startApps, untilStatus } from '../support/apps.ts';
import { fixture } from '../support/cli.ts';
import { isRunning } from '../support/processes.ts';
import { testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';

/** Two times 5 MB, far more than a pipe holds. */
const LINES = 100_000;

test('apps that write 10 MB while there is no daemon lose nothing: Node goes on, Python waits', async () => {
  const home = testHome();
  const go = path.join(home.work, 'go');
  await startApps(home, [
    appOf('node', 'writes-alone.cjs', { args: [go, String(LINES)] }),
    appOf('python', 'writes-alone.py', { args: [go, String(LINES)] }),
  ]);
  const [node, python] = await Promise.all([
    untilStatus(home, 'node', 'running'),
    untilStatus(home, 'python', 'running'),
  ]);
  await until(() => ['node', 'python'].every((app) => home.log(app).includes('up')), { what: 'both are up' });
  await killDaemon(home);
  writeFileSync(go, '');
  // The Node app has said all, to its own memory, and does other things; the Python program stands in its write.
  await until(() => readMark(`${go}.node`), { what: 'the Node app goes on' });
  expect(readMark(`${go}.python`)).toBe(false);
  await home.ok(['list']);
  for (const app of ['node', 'python']) {
    await until(() => home.log(app).includes(`line ${LINES - 1}\n`), { what: `the last line of ${app}` });
    expect({ app, ...gapsIn(home.log(app).replace('up\n', '')) }).toMatchObject({
      app,
      lines: LINES,
      missing: 0,
      repeated: 0,
    });
  }
  await until(() => readMark(`${go}.python`), { what: 'the Python program goes on' });
  expect(await home.instance('node')).toMatchObject({ pid: node.pid, restarts: 0 });
  expect(await home.instance('python')).toMatchObject({ pid: python.pid, restarts: 0 });
});

function readMark(file: string): boolean {
  return spawnSync('test', ['-e', file]).status === 0;
}

test('a full state disk costs nothing but the state, which is written when there is space', async (context) => {
  const home = testHome();
  const state = path.join(home.root, 'home/state');
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k,mode=0700', 'tmpfs', state]).status === 0;
  context.skip(!mounted, 'needs the right to mount a tmpfs');
  onTestFinished(() => void spawnSync('umount', ['-l', state]));
  await startApps(home, [appOf('first', 'waits.sh')]);
  const first = await untilStatus(home, 'first', 'running');
  const filler = path.join(state, 'filler');
  spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4k'], { stdio: 'ignore' });
  const started = await home.ok(['start', fixture('waits.cjs'), '--name', 'second']);
  expect(started.stderr).toMatch(/state could not be saved \(ENOSPC/);
  const second = await untilStatus(home, 'second', 'running');
  expect((await home.ok(['restart', 'first'])).stderr).toContain('ENOSPC');
  expect(isRunning(second.pid ?? 0)).toBe(true);
  const again = await untilStatus(home, 'first', 'running');
  expect(again.pid).not.toBe(first.pid);
  rmSync(filler);
  await until(async () => !(await home.ok(['reset', 'first'])).stderr.includes('ENOSPC'), {
    what: 'the state is saved',
  });
  await killDaemon(home);
  await home.ok(['list']);
  expect(await home.instance('first')).toMatchObject({ pid: again.pid });
  expect(await home.instance('second')).toMatchObject({ pid: second.pid });
  await home.ok(['kill']);
});
