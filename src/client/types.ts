/**
 * What `import { connect } from 'promvisor'` speaks of. It stands alone: this file is shipped as the types of the package.
 * Times are Unix milliseconds, sizes bytes; a ratio of 1 is one core.
 */

/** `stopped` and `exited` are down, `fatal` was given up, `backoff` starts again at a known time. */
export type Status = 'stopped' | 'starting' | 'running' | 'backoff' | 'stopping' | 'exited' | 'fatal';

/** Ids, names, namespaces, `/regex/` or `all`. */
export type Targets = string | number | readonly (string | number)[];

/** How a process ended. */
export interface Exit {
  /** For example `requested`, `clean`, `error_code`, `uncaught`, `heap_oom`, `signal`, `memory_limit`. */
  readonly reason: string;
  readonly code: number | null;
  readonly signal: string | null;
  readonly uptimeMs: number;
  readonly atMs: number;
  readonly message: string | null;
}

/** One instance of an app, as in `promvisor list --json`. */
export interface Instance {
  readonly id: number;
  readonly app: string;
  readonly namespace: string;
  /** 0..n-1 within the app; stays over restarts. */
  readonly slot: number;
  readonly version: string;
  readonly execMode: 'fork' | 'cluster';
  readonly status: Status;
  /** The status in PM2's words. */
  readonly pm2Status: string;
  readonly pid: number | null;
  /** Number of the process within its slot. */
  readonly generation: number;
  readonly startedAtMs: number | null;
  readonly restarts: number;
  readonly unstableRestarts: number;
  /** Exits in a row that nobody asked for. */
  readonly streak: number;
  readonly backoff: { readonly delayMs: number; readonly untilMs: number } | null;
  readonly cpuRatio: number | null;
  /** Of the whole process tree. */
  readonly rssBytes: number | null;
  readonly memoryLimitBytes: number | null;
  readonly lastExit: Exit | null;
  readonly user: string;
  readonly watching: boolean;
  readonly cron: { readonly pattern: string; readonly nextAtMs: number | null } | null;
}

/** More of an instance, as in `promvisor describe --json`. */
export interface Description extends Instance {
  readonly hostPid: number | null;
  readonly agentConnected: boolean;
  /** Null without an agent, or when it did not answer in time. */
  readonly runtime: {
    readonly heapUsedBytes: number;
    readonly heapTotalBytes: number;
    readonly heapLimitBytes: number;
    readonly externalBytes: number;
    /** Busy share of the event loop since it was asked before, 0..1. */
    readonly eventLoopUtilizationRatio: number;
    readonly activeHandles: number;
    readonly activeRequests: number;
  } | null;
  readonly logs: { readonly out: string | null; readonly error: string | null; readonly combined: string | null };
  readonly pidFile: string;
  readonly createdAtMs: number;
  readonly counters: {
    readonly starts: number;
    readonly exits: Readonly<Record<string, number>>;
    readonly restarts: Readonly<Record<string, number>>;
  };
}

/** What a command came to for one instance. */
export interface Outcome {
  readonly id: number;
  readonly app: string;
  readonly slot: number;
  readonly ok: boolean;
  readonly status: Status;
  readonly pid: number | null;
  /** Why it is not ok, or what there is to say. */
  readonly message: string | null;
  /** The last lines of a process that failed. */
  readonly lastLines: readonly string[];
}

interface Subject {
  readonly id: number;
  readonly app: string;
  readonly namespace: string;
  readonly slot: number;
}

interface Numbered {
  /** Grows by one an event, over all daemons of a home. */
  readonly seq: number;
  readonly atMs: number;
}

/** Something that happened, as in `promvisor events --json`. */
export type Event = Numbered &
  (
    | {
        readonly type: 'daemon';
        readonly event: 'started' | 'left' | 'ended';
        readonly pid: number;
        readonly version: string;
      }
    | (Subject & {
        readonly type: 'state';
        readonly cause: 'added' | 'found' | 'rolled';
        readonly status: Status;
        readonly generation: number;
      })
    | (Subject & {
        readonly type: 'transition';
        readonly from: Status;
        readonly to: Status;
        readonly generation: number;
        /** True for the process beside the main one, during a reload; then from and to are the same. */
        readonly beside: boolean;
        readonly event: string;
        readonly cause: string | null;
        readonly exit: Exit | null;
        readonly delayMs: number | null;
      })
    | (Subject & { readonly type: 'removed' })
    /** Events before this one could not be written. */
    | { readonly type: 'dropped'; readonly count: number }
  );

/** A line that an app has written. */
export interface LogLine extends Subject {
  readonly stream: 'out' | 'error';
  readonly atMs: number;
  /** Without its newline. */
  readonly text: string;
}

/** An app in the words of an ecosystem file: docs/ecosystem.md has all of them. */
export interface AppConfig {
  readonly script: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly cwd?: string;
  readonly args?: string | readonly string[];
  readonly interpreter?: string;
  readonly node_args?: string | readonly string[];
  readonly exec_mode?: 'fork' | 'cluster';
  readonly instances?: number | 'max';
  readonly env?: Readonly<Record<string, unknown>>;
  readonly port?: number;
  readonly out_file?: string;
  readonly error_file?: string;
  readonly log_file?: string | boolean;
  readonly merge_logs?: boolean;
  readonly max_memory_restart?: number | string;
  readonly min_uptime?: number | string;
  readonly max_restarts?: number;
  readonly restart_delay?: number | string;
  readonly exp_backoff_restart_delay?: number | string;
  readonly autorestart?: boolean;
  readonly autostart?: boolean;
  readonly stop_exit_codes?: number | readonly number[];
  readonly kill_timeout?: number | string;
  readonly wait_ready?: boolean;
  readonly listen_timeout?: number | string;
  readonly cron_restart?: string;
  readonly watch?: boolean | string | readonly string[];
  /** Every other attribute, in any spelling that a file may use. */
  readonly [attribute: string]: unknown;
}

/** A path of a config file, one app, several, or what a config file holds. */
export type Apps = string | AppConfig | readonly AppConfig[] | { readonly apps: readonly AppConfig[] };

export interface ConnectOptions {
  /** Folder of the daemon; PROMVISOR_HOME, else `~/.promvisor`, when left out. */
  readonly home?: string;
  /** True starts the daemon where none runs. */
  readonly start?: boolean;
}

export interface StartOptions {
  /** For an app that is there already: `restart` (as for a config file), `reload`, `refuse`, or `add` another of its name. */
  readonly existing?: 'restart' | 'reload' | 'refuse' | 'add';
  /** Lays `env_NAME` of the apps over their `env`. */
  readonly envName?: string;
}

export interface ActOptions {
  /** Variables to lay over those of the app, from now on. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface ReloadOptions extends ActOptions {
  /** Instances of an app at a time, 1 when left out. */
  readonly parallel?: number;
}

export interface ListenOptions {
  /** Ends the iteration. */
  readonly signal?: AbortSignal;
}

export interface EventOptions extends ListenOptions {
  readonly targets?: Targets;
  /** From this moment on; from now on when left out. */
  readonly since?: Date | number;
}

/**
 * A daemon, for programs. Each call is a connection of its own: nothing is held open between two of them but what
 * `events` and `logs` listen to.
 */
export interface Promvisor {
  /** Folder of the daemon. */
  readonly home: string;
  /** The daemon that answered `connect`; another may have taken over since. */
  readonly daemon: { readonly pid: number; readonly version: string };
  /** Every instance, or those that targets mean. */
  list(targets?: Targets): Promise<readonly Instance[]>;
  describe(targets: Targets): Promise<readonly Description[]>;
  /**
   * Adds apps and waits until they are up.
   * @throws PromvisorError CONFIG_INVALID, CONFIG_NOT_FOUND, CONFIG_UNREADABLE, ALREADY_RUNNING; START_FAILED where one
   *   did not come up, with all outcomes in `details.instances`
   */
  start(apps: Apps, options?: StartOptions): Promise<readonly Outcome[]>;
  /** Waits until nothing of their processes is left. @throws PromvisorError NOT_FOUND, STOP_FAILED */
  stop(targets: Targets): Promise<readonly Outcome[]>;
  /** @throws PromvisorError NOT_FOUND, START_FAILED */
  restart(targets: Targets, options?: ActOptions): Promise<readonly Outcome[]>;
  /** One after another, the old process until the new one has proven itself. @throws PromvisorError NOT_FOUND, START_FAILED */
  reload(targets: Targets, options?: ReloadOptions): Promise<readonly Outcome[]>;
  /** Stops them and takes them off the list. @throws PromvisorError NOT_FOUND, STOP_FAILED */
  delete(targets: Targets): Promise<readonly Outcome[]>;
  /** What happens, as it happens, until `signal`, `close` or the end of the daemon. Nothing since the call is missed. */
  events(options?: EventOptions): AsyncIterable<Event>;
  /** Lines that apps write from now on: what is written after the promise has resolved is not missed. */
  logs(targets?: Targets, options?: ListenOptions): Promise<AsyncIterable<LogLine>>;
  /** Ends what `events` and `logs` listen to; calls after it fail. The daemon and its apps go on. */
  close(): void;
}
