import { uptime } from 'node:os';
import { bootId } from '../../base/boot-id.ts';
import type { Clock } from '../../base/clock.ts';
import { afterReboot, catchUp, isWanted } from '../../core/resume.ts';
import type { InstanceState } from '../../core/states.ts';
import type { ExitWatch } from '../../os/exit-watch.ts';
import { isAlive, type ProcessIdentity } from '../../os/identity.ts';
import { fdTarget, findMarked } from '../../os/marked.ts';
import { signalTree } from '../../os/process-tree.ts';
import { ticksPerSecond } from '../../os/procfs.ts';
import type { Agents } from '../agents.ts';
import type { Deaths } from '../deaths.ts';
import type { Fleet, Restored } from '../fleet.ts';
import type { Hosts } from '../hosts.ts';
import { appKey, type Instance, type LiveProcess } from '../instance.ts';
import { type Marks, readMark } from '../marks.ts';
import type { DaemonLog } from '../own-log.ts';
import type { SavedInstance, SavedProcess, SavedState } from './saved.ts';

export interface AdoptOptions {
  readonly fleet: Fleet;
  readonly hosts: Hosts;
  readonly agents: Agents;
  readonly deaths: Deaths;
  readonly exits: ExitWatch;
  readonly marks: Marks;
  readonly clock: Clock;
  readonly log: DaemonLog;
  /** Counters go on, before the first death is counted. */
  readonly restoreTotals: () => Promise<void>;
}

/** A process that the mark in its environment tells of. */
interface Found {
  readonly id: number;
  readonly generation: number;
  readonly identity: ProcessIdentity;
  readonly startedAtMs: number;
  /** True where the daemon that wrote the state may have started it after that. */
  readonly isUnsaved: boolean;
}

/**
 * Goes on with what another daemon left: verifies each process, takes over what lives, and tells the machines what
 * became of the rest.
 * @param saved its state
 * @param options the parts of this daemon, with nothing in them yet
 * @returns how many living processes were taken over
 */
export async function adopt(saved: SavedState, options: AdoptOptions): Promise<number> {
  const { fleet, log, clock } = options;
  const sameBoot = saved.bootId === bootId();
  const found = sameBoot ? findProcesses(saved, options.marks) : [];
  const rows = saved.instances.map((row) => sight(row, saved, { found, sameBoot, clock }));
  const instances = fleet.restore(
    rows.map(({ restored }) => restored),
    saved.nextId,
  );
  await Promise.all(instances.map((instance) => instance.logs.open()));
  let adopted = 0;
  for (const [at, instance] of instances.entries()) {
    const processes = rows[at]?.processes ?? [];
    for (const process of processes) await take(instance, process, options);
    adopted += processes.filter(({ exited, identity }) => !exited && isAlive(identity)).length;
  }
  endSurplus(found, instances, log);
  await options.restoreTotals();
  for (const instance of instances) instance.post({ type: 'resume' });
  const expected = instances.map((instance) => [instance, awaited(instance.state)] as const);
  const unreachable = await takeHosts(saved, options);
  for (const instance of instances) tellWhatBecame(instance, unreachable, options);
  for (const [instance, generations] of expected) tellOfMissing(instance, generations);
  for (const [at, instance] of instances.entries()) {
    if (rows[at]?.starts === true) instance.post({ type: 'start' });
  }
  if (instances.length > 0) log.info({ instances: instances.length, adopted, sameBoot }, 'went on with what was left');
  return adopted;
}

/** Clocks of the kernel are read with this tolerance. */
const LEEWAY_MS = 2_000;

function findProcesses({ nonce, savedAtMs }: SavedState, marks: Marks): readonly Found[] {
  const bootAtMs = Date.now() - uptime() * 1000;
  return findMarked(marks.prefix).flatMap(({ identity, mark }) => {
    const marked = readMark(mark);
    if (marked?.who !== 'process') return [];
    const { id, generation } = marked;
    const startedAtMs = Math.round(bootAtMs + (identity.startTicks * 1000) / ticksPerSecond());
    const isUnsaved = marked.nonce === nonce && startedAtMs > savedAtMs - LEEWAY_MS;
    return [{ id, generation, identity, startedAtMs, isUnsaved }];
  });
}

interface Row {
  readonly restored: Restored;
  readonly processes: readonly SavedProcess[];
  /** It has no process, and is to be started. */
  readonly starts: boolean;
}

/** What an instance is, by what was saved of it and by what is there. */
function sight(
  row: SavedInstance,
  { specs, stopping }: SavedState,
  { found, sameBoot, clock }: { readonly found: readonly Found[]; readonly sameBoot: boolean; readonly clock: Clock },
): Row {
  const spec = specs[row.spec];
  if (spec === undefined) throw new TypeError(`instance ${row.id}: its spec is not in the state`);
  const nextSpec = row.nextSpec === null ? null : (specs[row.nextSpec] ?? null);
  const make = (state: InstanceState, processes: readonly SavedProcess[], starts = false): Row => ({
    restored: { ...row, spec, nextSpec: state.beside === null ? null : nextSpec, state },
    processes,
    starts,
  });
  const processes = sameBoot ? knownProcesses(row, found) : [];
  if (processes.some(({ exited, identity }) => !exited && isAlive(identity))) return make(row.state, processes);
  const newer = found.filter(
    ({ id, generation, isUnsaved }) => id === row.id && generation > row.state.newest && isUnsaved,
  );
  const newest = newer.toSorted((a, b) => b.generation - a.generation)[0];
  if (newest !== undefined) {
    const { generation, identity } = newest;
    const state = catchUp(row.state, { generation, pid: identity.pid, sinceMs: clock.nowMs() });
    return make(state, [savedFrom(newest)]);
  }
  if (sameBoot && !stopping) return make(row.state, processes);
  return make(afterReboot(row.state, clock.nowMs()), [], isWanted(row.state));
}

function savedFrom({ generation, identity, startedAtMs }: Found): SavedProcess {
  return { generation, identity, startedAtMs, listening: false, exited: false };
}

/** Those of the state, and the one that it waits for and whose pid it has not. */
function knownProcesses({ id, state, processes }: SavedInstance, found: readonly Found[]): readonly SavedProcess[] {
  const expected = awaited(state);
  const spawned = found.filter((one) => one.id === id && expected.includes(one.generation));
  const known = new Set(processes.map(({ generation }) => generation));
  const more = spawned.filter(({ generation }) => !known.has(generation));
  return [...processes, ...more.map(savedFrom)];
}

/** Puts a process where the daemon looks for it; what it writes is read by its own pipes. */
async function take(instance: Instance, saved: SavedProcess, { hosts, agents }: AdoptOptions): Promise<void> {
  const { id, spec } = instance;
  const { generation, identity } = saved;
  const isWorker = spec.process.execMode === 'cluster';
  const process: LiveProcess = {
    ...saved,
    id,
    pid: identity.pid,
    adopted: true,
    send: isWorker
      ? (message) => hosts.send(appKey(spec), { id, generation }, message)
      : agents.channelTo({ id, generation, pid: identity.pid }),
  };
  instance.processes.set(generation, process);
  if (generation === instance.state.generation) instance.process = process;
  if (isAlive(identity)) await instance.logs.adopt(generation, fdTarget(identity.pid, 1));
}

/**
 * What the last daemon started and did not write down any more: no command was told that it is there, and nobody would
 * ever stop it.
 */
function endSurplus(found: readonly Found[], instances: readonly Instance[], log: DaemonLog): void {
  for (const { id, generation, identity, isUnsaved } of found) {
    const instance = instances.find((one) => one.id === id);
    const isOlder = instance !== undefined && generation <= instance.state.newest;
    if (!isUnsaved || isOlder) continue;
    log.warn({ id, generation, pid: identity.pid }, 'a process that nobody had noted was ended');
    signalTree({ root: identity, signal: 'SIGKILL', treekill: true });
  }
}

/** @returns apps whose workers have lost their host */
async function takeHosts({ hosts }: SavedState, options: AdoptOptions): Promise<ReadonlySet<string>> {
  const lost = new Set<string>();
  await Promise.all(
    hosts.map(async (host) => {
      const workers = isAlive(host.identity) ? await options.hosts.adopt(host) : null;
      if (workers === null) lost.add(host.key);
      for (const { id, generation, listening } of workers ?? []) {
        const instance = options.fleet.ofApp(host.key).find((one) => one.id === id);
        const process = instance?.processes.get(generation);
        if (process !== undefined) process.listening ||= listening;
      }
    }),
  );
  return lost;
}

function tellWhatBecame(instance: Instance, lostHosts: ReadonlySet<string>, options: AdoptOptions): void {
  const isWorker = instance.spec.process.execMode === 'cluster';
  const hostLost = isWorker && lostHosts.has(appKey(instance.spec));
  for (const process of [...instance.processes.values()]) {
    const { generation, pid, identity } = process;
    if (process.exited) {
      options.deaths.awaitTree(instance, process);
      continue;
    }
    instance.post({ type: 'spawned', generation, pid });
    const exit = { code: null, signal: null };
    if (hostLost) options.deaths.onRootExit(instance, process, { ...exit, hint: 'host_lost' });
    else if (!isAlive(identity)) options.deaths.onRootExit(instance, process, exit);
    else if (!isWorker) options.exits.watch(identity, () => options.deaths.onRootExit(instance, process, exit));
  }
}

/** A spawn that the last daemon was about to do: nothing came of it. */
function tellOfMissing(instance: Instance, expected: readonly number[]): void {
  for (const generation of expected) {
    if (instance.processes.has(generation)) continue;
    const message = 'the daemon ended while it was started';
    instance.post({ type: 'spawn_failed', generation, message, permanent: false });
  }
}

/** Processes that are being spawned. */
function awaited({ phase, generation, beside }: InstanceState): readonly number[] {
  const isGone = 'rootGone' in phase && phase.rootGone;
  const main = 'pid' in phase && phase.pid === null && !isGone ? [generation] : [];
  const isLeft = beside?.role === 'leaving' && beside.rootGone;
  return beside?.pid === null && !isLeft ? [...main, beside.generation] : main;
}
