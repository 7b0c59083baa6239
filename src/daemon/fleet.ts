import path from 'node:path';
import type { Clock } from '../base/clock.ts';
import { createInbox } from '../base/inbox.ts';
import type { Home } from '../base/paths.ts';
import { newInstance, step } from '../core/machine.ts';
import type { AppSpec } from '../core/spec.ts';
import type { Effect, InstanceEvent, InstanceState } from '../core/states.ts';
import type { LogFanout } from '../logs/fanout.ts';
import { createInstanceLogs } from '../logs/instance-logs.ts';
import type { Landings } from '../logs/landing.ts';
import type { PipeCalls } from '../logs/pump.ts';
import type { StreamName } from '../logs/record.ts';
import { createRhythm } from '../logs/rhythm.ts';
import type { SinkRegistry } from '../logs/sink-registry.ts';
import { appKey, type Instance } from './instance.ts';
import type { DaemonLog } from './own-log.ts';

export interface FleetOptions {
  readonly home: Home;
  readonly clock: Clock;
  readonly log: DaemonLog;
  readonly sinks: SinkRegistry;
  readonly fanout: LogFanout;
  readonly pipes: PipeCalls;
  /** Memory that output is read to and that outlives the daemon. */
  readonly landings: () => Landings | null;
  readonly random: () => number;
  /** A log file was rolled for a line of this stream. */
  readonly onRolled: (instance: Instance, stream: StreamName) => void;
  readonly perform: (instance: Instance, effects: readonly Effect[]) => void;
  /** It was not there before; one of another daemon was. */
  readonly onAdded: (instance: Instance) => void;
  /** What is to outlive the daemon has changed. */
  readonly onChanged: () => void;
}

/** An instance as another daemon left it. */
export type Restored = Pick<
  Instance,
  | 'id'
  | 'slot'
  | 'createdAtMs'
  | 'spec'
  | 'nextSpec'
  | 'state'
  | 'lastStartedAtMs'
  | 'backoffUntilMs'
  | 'lastExit'
  | 'lastDeath'
>;

/** Where an instance was before. */
export interface Seat {
  readonly spec: AppSpec;
  readonly id: number;
  readonly slot: number;
}

/** All instances of this daemon: who there is, and how one comes and goes. */
export interface Fleet {
  all(): readonly Instance[];
  find(id: number): Instance | undefined;
  ofApp(key: string): readonly Instance[];
  /** Adds instances of one app and opens their pipes; none is started. */
  add(spec: AppSpec, count: number): Promise<readonly Instance[]>;
  /** Adds instances where they were before, as far as their ids are free; none is started. */
  place(seats: readonly Seat[]): Promise<readonly Instance[]>;
  /** Takes up instances of another daemon, their pipes not opened. */
  restore(saved: readonly Restored[], nextId: number): readonly Instance[];
  /** The id that the next instance gets. */
  nextId(): number;
  /** Takes a stopped instance off the list and closes its pipes. */
  remove(instance: Instance): Promise<void>;
}

export function createFleet(options: FleetOptions): Fleet {
  const instances = new Map<number, Instance>();
  /** The same by app, in the order of their ids. */
  const apps = new Map<string, Set<Instance>>();
  const rhythm = createRhythm(options.clock);
  let nextId = 0;

  function create(spec: AppSpec, seat: Seat | null): Instance {
    const { clock } = options;
    const id = seat === null || instances.has(seat.id) ? nextId : seat.id;
    nextId = Math.max(nextId, id + 1);
    const restored = { nextSpec: null, lastStartedAtMs: null, backoffUntilMs: null, lastExit: null, lastDeath: null };
    const slot = seat?.slot ?? lowestFreeSlot(spec.name, instances.values());
    return make({
      ...restored,
      id,
      slot,
      createdAtMs: clock.wallMs(),
      spec,
      state: newInstance(clock.nowMs()),
    });
  }

  function make(given: Restored): Instance {
    const { id, slot, createdAtMs, spec } = given;
    const { home, clock, log } = options;
    const onProblem = (problem: string) => log.warn({ id, app: spec.name, problem }, 'log output');
    const logs = createInstanceLogs({
      id,
      slot,
      app: spec.name,
      createdAtMs,
      logs: spec.logs,
      runDir: home.runDir,
      pipes: options.pipes,
      sinks: options.sinks,
      fanout: options.fanout,
      rhythm,
      landings: options.landings,
      clock,
      onProblem,
      onRolled: (stream) => options.onRolled(instance, stream),
      roll: () => instance.spec.logs.roll,
    });
    const take = (event: InstanceEvent) => {
      const context = { nowMs: clock.nowMs(), jitter: options.random() };
      const { policy } = instance.nextSpec ?? instance.spec;
      const { state, effects } = step(instance.state, event, policy, context);
      const before = instance.state;
      instance.state = state;
      keepUp(instance, before);
      options.perform(instance, effects);
      if (state !== before) options.onChanged();
    };
    const onDefect = (error: unknown) => log.error({ id, app: spec.name, err: error }, 'defect while taking an event');
    const instance: Instance = {
      ...given,
      logs,
      pidFile: pidFileOf(spec, id, home),
      post: createInbox(take, onDefect),
      process: null,
      processes: new Map(),
      vitals: null,
      history: [],
    };
    instances.set(id, instance);
    const key = appKey(spec);
    apps.set(key, (apps.get(key) ?? new Set()).add(instance));
    return instance;
  }

  async function opened(added: readonly Instance[]): Promise<readonly Instance[]> {
    for (const instance of added) options.onAdded(instance);
    if (added.length > 0) options.onChanged();
    await Promise.all(added.map((instance) => instance.logs.open()));
    return added;
  }

  return {
    all: () => [...instances.values()],
    find: (id) => instances.get(id),
    ofApp: (key) => [...(apps.get(key) ?? [])],
    async add(spec, count) {
      return opened(Array.from({ length: count }, () => create(spec, null)));
    },
    async place(seats) {
      return opened(seats.map((seat) => create(seat.spec, seat)));
    },
    restore(saved, next) {
      nextId = next;
      return saved.map(make);
    },
    nextId: () => nextId,
    async remove(instance) {
      instances.delete(instance.id);
      const key = appKey(instance.spec);
      apps.get(key)?.delete(instance);
      if (apps.get(key)?.size === 0) apps.delete(key);
      // PM2 counts from 0 again once the list is empty.
      if (instances.size === 0) nextId = 0;
      options.onChanged();
      await instance.logs.close();
    },
  };
}

/** What stands beside the state follows it: which process is the main one, and from which spec it was made. */
function keepUp(instance: Instance, before: InstanceState): void {
  const { state, processes } = instance;
  const { beside, generation } = state;
  if (before.beside?.generation === generation) {
    instance.spec = instance.nextSpec ?? instance.spec;
    instance.process = processes.get(generation) ?? null;
    instance.lastStartedAtMs = instance.process?.startedAtMs ?? instance.lastStartedAtMs;
    // Figures of the process before are not this one's.
    instance.vitals = null;
  }
  if (beside?.role !== 'candidate') instance.nextSpec = null;
  for (const known of processes.keys()) {
    if (known !== generation && known !== beside?.generation) processes.delete(known);
  }
}

/** NODE_APP_INSTANCE is the lowest number free among the instances of one name, as with PM2. */
function lowestFreeSlot(name: string, instances: Iterable<Instance>): number {
  const taken = new Set<number>();
  for (const instance of instances) if (instance.spec.name === name) taken.add(instance.slot);
  let slot = 0;
  while (taken.has(slot)) slot++;
  return slot;
}

function pidFileOf(spec: AppSpec, id: number, home: Home): string {
  const given = spec.process.pidFile;
  if (given === null) return path.join(home.pidsDir, `${spec.name.replaceAll(/[^A-Za-z0-9.-]/g, '-')}-${id}.pid`);
  const { dir, name, ext } = path.parse(given);
  return path.join(dir, `${name}-${id}${ext}`);
}
