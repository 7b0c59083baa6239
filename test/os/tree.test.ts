import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import { identityOf, isAlive, type ProcessIdentity } from '../../src/os/identity.ts';
import { groupExists, scanProcesses, signalTree, treeOf } from '../../src/os/process-tree.ts';
import { readProcStat } from '../../src/os/procfs.ts';
import { until } from '../support/until.ts';

interface Tree {
  readonly root: ProcessIdentity;
  readonly child: ChildProcess;
  /** The pids that the program wrote, in its order. */
  readonly pids: readonly number[];
}

const started: ProcessIdentity[] = [];

afterEach(() => {
  for (const root of started.splice(0)) signalTree({ root, signal: 'SIGKILL', treekill: true });
});

/** Starts a bash line in its own session; it writes the pids it made, one a line, and `.` when all are there. */
async function tree(script: string): Promise<Tree> {
  const child = spawn('bash', ['-c', script], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  const root = identityOf(child.pid);
  if (root === null || child.stdout === null) throw new Error('bash did not start');
  started.push(root);
  const pids: number[] = [];
  for await (const line of createInterface(child.stdout)) {
    if (line === '.') break;
    pids.push(Number(line));
    const identity = identityOf(Number(line));
    if (identity !== null) started.push(identity);
  }
  return { root, child, pids };
}

const pidsOf = (identities: readonly ProcessIdentity[]) => identities.map(({ pid }) => pid);

const THREE_FLOORS = `bash -c 'sleep 60 & echo $!; echo $$; echo .; wait' & wait`;

describe('treeOf', () => {
  it('gives children and grandchildren, deepest first, and the root last', async () => {
    const { root, pids } = await tree(THREE_FLOORS);
    expect(pidsOf(treeOf(root))).toEqual([...pids, root.pid]);
  });

  it('finds what was re-parented to init but is still of the session, also when the root has gone', async () => {
    const { root, child, pids } = await tree(`bash -c 'sleep 60 & echo $!'; sleep 60 & echo $!; echo .; wait`);
    const [orphan = 0, own = 0] = pids;
    await until(() => readProcStat(orphan)?.ppid !== root.pid && treeOf(root).length === 3, {
      what: 'an orphan in the tree',
    });
    expect(pidsOf(treeOf(root)).sort()).toEqual([orphan, own, root.pid].sort());
    process.kill(root.pid, 'SIGKILL');
    await once(child, 'exit');
    expect(pidsOf(treeOf(root)).sort()).toEqual([orphan, own].sort());
  });

  it('finds a session that was made inside the tree, with its own orphans', async () => {
    const inner = `setsid bash -c "(sleep 60 & echo \\$!); echo \\$\\$; echo .; sleep 60"`;
    const { root, pids } = await tree(`${inner} & wait`);
    const [orphan = 0, leader = 0] = pids;
    await until(() => treeOf(root).length === 3, { what: 'a tree of three' });
    const found = pidsOf(treeOf(root));
    expect(found).toContain(orphan);
    expect(found).toContain(leader);
    expect(found.at(-1)).toBe(root.pid);
  });

  it('does not count a zombie', async () => {
    // The shell becomes a program that never waits: its child stays a zombie.
    const { root, pids } = await tree(`sleep 0 & echo $!; echo .; exec sleep 60`);
    const [zombie = 0] = pids;
    await until(() => readProcStat(zombie)?.state === 'Z', { what: 'a zombie' });
    expect(pidsOf(treeOf(root))).toEqual([root.pid]);
    expect(isAlive(identityOf(zombie))).toBe(false);
  });

  it('notices processes that come and go between two looks', async () => {
    const { root, child, pids } = await tree(
      `sleep 60 & echo $!; echo .; while read -r; do :; done < <(sleep 61); wait`,
    );
    const [first = 0] = pids;
    expect(pidsOf(treeOf(root))).toContain(first);
    process.kill(first, 'SIGKILL');
    await until(() => !pidsOf(treeOf(root)).includes(first), { what: 'a tree without the killed child' });
    process.kill(root.pid, 'SIGKILL');
    await once(child, 'exit');
    expect(pidsOf(treeOf(root))).not.toContain(root.pid);
  });

  it('gives nothing for another process under the same pid, and after a reboot', async () => {
    const { root } = await tree(THREE_FLOORS);
    expect(treeOf({ ...root, startTicks: root.startTicks - 1 })).toEqual([]);
    expect(treeOf({ ...root, bootId: 'another boot' })).toEqual([]);
  });

  it('shares one look between trees', async () => {
    const [one, two] = [await tree(THREE_FLOORS), await tree(THREE_FLOORS)];
    const snapshot = scanProcesses();
    expect(pidsOf(treeOf(one.root, snapshot))).toEqual([...one.pids, one.root.pid]);
    expect(pidsOf(treeOf(two.root, snapshot))).toEqual([...two.pids, two.root.pid]);
  });

  it('has the stat of a process at the look that finds it, and only then', async () => {
    const { root } = await tree(THREE_FLOORS);
    const snapshot = scanProcesses();
    expect(snapshot.freshStat(root.pid)).toMatchObject({ pid: root.pid, startTicks: root.startTicks });
    scanProcesses();
    expect(snapshot.freshStat(root.pid)).toBeNull();
  });

  it('never holds the process that asks, although that is below the root', () => {
    const parent = identityOf(process.ppid);
    if (parent === null) throw new Error('no parent');
    expect(pidsOf(treeOf(parent))).not.toContain(process.pid);
  });
});

describe('groupExists', () => {
  it('is true while anything of the group lives, false after', async () => {
    const { root, child, pids } = await tree(`sleep 60 & echo $!; echo .; wait`);
    const [rest = 0] = pids;
    expect(groupExists(root.pid)).toBe(true);
    process.kill(root.pid, 'SIGKILL');
    await once(child, 'exit');
    expect(groupExists(root.pid)).toBe(true);
    process.kill(rest, 'SIGKILL');
    await until(() => !groupExists(root.pid), { what: 'an empty group' });
  });

  it('is false for a group that holds only a zombie', async () => {
    // The inner program leads a group of its own and ends; the outer one never waits for it.
    const { root, pids } = await tree(`setsid bash -c 'echo $$; echo .' & exec sleep 60`);
    const [leader = 0] = pids;
    await until(() => readProcStat(leader)?.state === 'Z', { what: 'a zombie' });
    expect(() => process.kill(-leader, 0)).not.toThrow();
    expect(groupExists(leader)).toBe(false);
    expect(groupExists(root.pid)).toBe(true);
  });
});

describe('signalTree', () => {
  it('ends a whole tree', async () => {
    const { root, child, pids } = await tree(THREE_FLOORS);
    const result = signalTree({ root, signal: 'SIGTERM', treekill: true });
    expect(result.denied).toEqual([]);
    // A shell that ends by itself because its child was ended first needs no signal any more.
    expect(result.sent).toBeGreaterThan(0);
    expect(result.sent).toBeLessThanOrEqual(pids.length + 1);
    await once(child, 'exit');
    await until(() => treeOf(root).length === 0, { what: 'an empty tree' });
  });

  it('signals only the root without treekill', async () => {
    const { root, child, pids } = await tree(`sleep 60 & echo $!; echo .; wait`);
    expect(signalTree({ root, signal: 'SIGKILL', treekill: false })).toEqual({ sent: 1, denied: [] });
    await once(child, 'exit');
    expect(pidsOf(treeOf(root))).toEqual(pids);
  });

  it('ends what is left of a tree whose root has gone', async () => {
    const { root, child, pids } = await tree(`sleep 60 & echo $!; echo .; wait`);
    process.kill(root.pid, 'SIGKILL');
    await once(child, 'exit');
    expect(signalTree({ root, signal: 'SIGKILL', treekill: true }).sent).toBe(pids.length);
    await until(() => treeOf(root).length === 0, { what: 'an empty tree' });
  });

  it('ends a tree that keeps making new processes', async () => {
    const { root, child } = await tree(`echo .; while :; do sleep 60 & sleep 0.01; done`);
    await until(() => treeOf(root).length > 5, { what: 'a tree that grows' });
    signalTree({ root, signal: 'SIGKILL', treekill: true });
    await once(child, 'exit');
    await until(() => treeOf(root).length === 0, { what: 'an empty tree' });
  });

  it('signals nobody when the pid belongs to another process now', async () => {
    const { root } = await tree(THREE_FLOORS);
    const stranger = { ...root, startTicks: root.startTicks - 1 };
    for (const treekill of [true, false]) {
      expect(signalTree({ root: stranger, signal: 'SIGKILL', treekill })).toEqual({ sent: 0, denied: [] });
    }
    expect(isAlive(root)).toBe(true);
  });

  it('reports who may not be signalled', (context) => {
    if (process.getuid?.() === 0) return context.skip('root may signal everybody');
    const init = identityOf(1);
    if (init === null) return context.skip('no process 1 to be seen');
    expect(signalTree({ root: init, signal: 'SIGCONT', treekill: false })).toEqual({ sent: 0, denied: [1] });
  });
});
