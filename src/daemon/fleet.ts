import { unlink } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../base/clock.ts';
import { createInbox } from '../base/inbox.ts';
import type { Home } from '../base/paths.ts';
import { newInstance, step } from '../core/machine.ts';
import type { AppSpec } from '../core/spec.ts';
import type { Effect, InstanceEvent } from '../core/states.ts';
import type { LogFanout } from '../logs/fanout.ts';
import { createInstanceLogs } from '../logs/instance-logs.ts';
import type { SinkRegistry } from '../logs/sink-registry.ts';
import * as pipes from '../os/pipes.ts';
import { appKey, type Instance } from './instance.ts';
import type { DaemonLog } from './own-log.ts';

export interface FleetOptions {
  readonly home: Home;
  readonly clock: Clock;
  readonly log: DaemonLog;
  readonly sinks: SinkRegistry;
  readonly fanout: LogFanout;
  readonly random: () => number;
  readonly perform: (instance: Instance, effects: readonly Effect[]) => void;
}

/** All instances of this daemon: who there is, and how one comes and goes. */
export interface Fleet {
  all(): readonly Instance[];
  ofApp(key: string): readonly Instance[];
  /** Adds instances of one app and opens their pipes; none is started. */
  add(spec: AppSpec, count: number): Promise<readonly Instance[]>;
  /** Takes a stopped instance off the list and closes its pipes. */
  remove(instance: Instance): Promise<void>;
}

export function createFleet(options: FleetOptions): Fleet {
  const instances = new Map<number, Instance>();
  let nextId = 0;

  function create(spec: AppSpec): Instance {
    const id = nextId++;
    const slot = lowestFreeSlot(spec.name, instances.values());
    const { home, clock, log } = options;
    const onProblem = (problem: string) => log.warn({ id, app: spec.name, problem }, 'log output');
    const logs = createInstanceLogs({
      id,
      slot,
      app: spec.name,
      logs: spec.logs,
      runDir: home.runDir,
      pipes,
      sinks: options.sinks,
      fanout: options.fanout,
      clock,
      onProblem,
    });
    const take = (event: InstanceEvent) => {
      const context = { nowMs: clock.nowMs(), jitter: options.random() };
      const { state, effects } = step(instance.state, event, instance.spec.policy, context);
      instance.state = state;
      options.perform(instance, effects);
    };
    const onDefect = (error: unknown) => log.error({ id, app: spec.name, err: error }, 'defect while taking an event');
    const instance: Instance = {
      id,
      slot,
      createdAtMs: clock.wallMs(),
      logs,
      pidFile: pidFileOf(spec, id, home),
      post: createInbox(take, onDefect),
      spec,
      state: newInstance(clock.nowMs()),
      process: null,
      lastStartedAtMs: null,
      lastExit: null,
      lastDeath: null,
      vitals: null,
      backoffUntilMs: null,
      history: [],
    };
    instances.set(id, instance);
    return instance;
  }

  return {
    all: () => [...instances.values()],
    ofApp: (key) => [...instances.values()].filter((instance) => appKey(instance.spec) === key),
    async add(spec, count) {
      const added = Array.from({ length: count }, () => create(spec));
      await Promise.all(added.map((instance) => instance.logs.open()));
      return added;
    },
    async remove(instance) {
      instances.delete(instance.id);
      // PM2 counts from 0 again once the list is empty.
      if (instances.size === 0) nextId = 0;
      await instance.logs.close();
      await unlink(instance.pidFile).catch(() => {
        // Not there when the app never ran.
      });
    },
  };
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
