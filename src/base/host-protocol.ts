/**
 * What daemon and cluster host say to each other over the host's unix socket: one JSON object a line, UTF-8.
 * The host listens; one daemon at a time is connected. Facts are numbered and kept until they are acknowledged, so
 * that a daemon that comes later misses none. Both sides ignore message types they do not know.
 */
export const HOST_PROTOCOL = 1;
export const HOST_LINE_BYTES = 8 * 1_048_576;
/** Facts that the host keeps for a daemon that is away; beyond it the oldest go and `hello.lost` counts them. */
export const HOST_FACTS_KEPT = 10_000;

/** How connections reach workers: each accepts for itself, or the host hands them out in turn. */
export type HostSchedule = 'shared' | 'round_robin';

/** The one argument of the host program, as JSON. */
export interface HostSetup {
  /** Absolute path of the socket to listen on. */
  readonly socket: string;
  readonly schedule: HostSchedule;
}

export interface WorkerKey {
  /** PM2's pm_id of the instance. */
  readonly id: number;
  readonly generation: number;
}

export type ToHost =
  | (WorkerKey & {
      readonly type: 'fork';
      /** Absolute path of the app's script. */
      readonly script: string;
      readonly args: readonly string[];
      readonly execArgv: readonly string[];
      readonly cwd: string;
      /** The whole environment of the worker. */
      readonly env: Readonly<Record<string, string>>;
      /** Named pipes; opened for reading and writing. */
      readonly stdout: string;
      readonly stderr: string;
      readonly uid: number | null;
      readonly gid: number | null;
    })
  /** An IPC message for the worker, for example 'shutdown'. */
  | (WorkerKey & { readonly type: 'send'; readonly message: unknown })
  /** Whether the daemon wants to hear what workers send, from now on; a host begins with no. */
  | { readonly type: 'listen'; readonly on: boolean }
  /** Facts up to this number were taken. */
  | { readonly type: 'ack'; readonly seq: number }
  /** Exit with code 0 as soon as no worker is left. */
  | { readonly type: 'end' };

export type HostFact = WorkerKey &
  (
    | { readonly type: 'forked'; readonly pid: number }
    | { readonly type: 'fork_failed'; readonly code: string | null; readonly message: string }
    /** The worker asked for a listening socket and has it. `address` is host:port or a path. */
    | { readonly type: 'listening'; readonly address: string }
    /** `process.send('ready')` of the app. */
    | { readonly type: 'ready' }
    | { readonly type: 'exited'; readonly code: number | null; readonly signal: string | null }
  );

export type FromHost =
  | {
      readonly type: 'hello';
      readonly protocol: number;
      /** Of promvisor. Absent in the first hosts. */
      readonly version?: string;
      readonly pid: number;
      /** Living workers now. */
      readonly workers: readonly (WorkerKey & { readonly pid: number; readonly listening: boolean })[];
      /** Facts that nobody took yet: they follow. Absent in the first hosts. */
      readonly pending?: number;
      /** Facts that were forgotten because nobody took them. */
      readonly lost: number;
    }
  | { readonly type: 'fact'; readonly seq: number; readonly fact: HostFact }
  /** `process.send` of a worker, while the daemon listens; lost where the daemon does not read fast enough. */
  | (WorkerKey & { readonly type: 'message'; readonly message: unknown });
