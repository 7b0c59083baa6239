import type { AppSpec } from '../core/spec.ts';
import type { InstanceState } from '../core/states.ts';
import type { CgroupFigures } from '../os/cgroup.ts';
import type { ProcessIdentity } from '../os/identity.ts';
import type { AgentSource } from './agent-metrics.ts';
import type { DROP_REASONS } from './log-contract.ts';
import type { LokiSource } from './loki-metrics.ts';

/** What the exposition needs to see of the daemon. Everything is read at the moment of a scrape. */
export interface FleetSource {
  instances(): Iterable<InstanceSource>;
  /** Unix ms of the next scheduled restart of an app, or null. */
  nextCronMs(spec: AppSpec): number | null;
  /** The control group of the daemon; null where there is none to read. */
  cgroup(): CgroupFigures | null;
  /** Bytes of log files on disk, with what was rolled of them. */
  logBytes(files: readonly string[]): { readonly live: number; readonly rolled: number };
  /** Events that are not in the journal. */
  journalDropped(): number;
  /** What is shipped to Loki; null when nothing is. */
  loki(): LokiSource | null;
  agents: {
    /** Asks all agents for fresh figures; it is done within a budget, whatever they do. */
    pull(): Promise<void>;
    /** What is known of the agent of an instance; null when it never had one. */
    of(id: number): AgentSource | null;
    /** Questions that agents of an app did not answer in time; null when it never had an agent. */
    timeouts(spec: AppSpec): number | null;
  };
  /** Both null when the TCP listener is switched off; address null while it is not bound. */
  http(): { readonly listen: string | null; readonly address: string | null };
}

/** One slot of an app. */
export interface InstanceSource {
  readonly id: number;
  readonly slot: number;
  readonly spec: AppSpec;
  readonly state: InstanceState;
  /** The newest process, also when it has exited; null before the first. */
  readonly process: {
    readonly identity: ProcessIdentity;
    /** Unix ms. */
    readonly startedAtMs: number;
    readonly exited: boolean;
  } | null;
  /** When the newest end was seen, in Unix ms. */
  readonly lastExit: { readonly atMs: number } | null;
  readonly logs: {
    account(): Readonly<Record<'out' | 'error', StreamCounts>>;
    /** Absolute paths by stream, null without a file. */
    files(): Readonly<Record<'out' | 'error' | 'combined', string | null>>;
  };
}

/** What became of the output of one stream, over all processes of the instance. */
export interface StreamCounts {
  readonly lines: number;
  readonly bytes: number;
  readonly droppedBy: Readonly<Record<(typeof DROP_REASONS)[number], number>>;
  readonly cut: number;
  readonly writeErrors: number;
}
