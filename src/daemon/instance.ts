import type { DeathView, ExitView, TransitionView, VitalsView } from '../api/contract.ts';
import type { AppSpec } from '../core/spec.ts';
import type { InstanceEvent, InstanceState } from '../core/states.ts';
import type { InstanceLogs } from '../logs/instance-logs.ts';
import type { ProcessIdentity } from '../os/identity.ts';

/** A process of an instance, from its spawn until nothing of its tree is left or the next one is spawned. */
export interface LiveProcess {
  /** The instance whose process it is. */
  readonly id: number;
  readonly generation: number;
  readonly pid: number;
  readonly identity: ProcessIdentity;
  readonly startedAtMs: number;
  /** Sends a message on the IPC channel of a Node app; `onFailed` when it has none any more. */
  send(message: unknown, onFailed: () => void): void;
  /** True once it accepts connections, as far as anybody told. */
  listening: boolean;
  /** True where an earlier daemon had it made: it is no child of this one. */
  readonly adopted: boolean;
  /** True once the root was seen to exit. */
  exited: boolean;
}

/** One slot of an app: the machine's state and everything of the outside world that belongs to it. */
export interface Instance {
  readonly id: number;
  readonly slot: number;
  readonly createdAtMs: number;
  readonly logs: InstanceLogs;
  readonly pidFile: string;
  /** Gives the machine an event; it is taken at once, or after the one being taken. */
  readonly post: (event: InstanceEvent) => void;
  spec: AppSpec;
  /** What the process beside the main one is made from, and the app becomes when it takes over; null: as `spec`. */
  nextSpec: AppSpec | null;
  state: InstanceState;
  /** The main process, also when it has exited; null before the first. */
  process: LiveProcess | null;
  /** The main process and the one beside it, by generation. */
  readonly processes: Map<number, LiveProcess>;
  /** Wall time of the newest spawn, null before the first. */
  lastStartedAtMs: number | null;
  lastExit: ExitView | null;
  lastDeath: DeathView | null;
  vitals: VitalsView | null;
  /** Wall time of the end of the present back-off. */
  backoffUntilMs: number | null;
  /** The last transitions, oldest first, at most HISTORY_LENGTH. */
  readonly history: TransitionView[];
}

/** How many transitions the flight recorder keeps. */
export const HISTORY_LENGTH = 50;

/**
 * Name of the app an instance belongs to, unique over namespaces.
 * @param spec its spec
 */
export function appKey(spec: { readonly name: string; readonly namespace: string }): string {
  return `${spec.namespace}/${spec.name}`;
}

/** What a process of this generation is made from. */
export function specOf(instance: Instance, generation: number): AppSpec {
  const { state, spec, nextSpec } = instance;
  return generation === state.generation ? spec : (nextSpec ?? spec);
}
