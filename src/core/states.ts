import type { ExitReason, ExitRecord, ExitStatus, StopCause } from './exit.ts';

/**
 * The life of one instance (one slot of an app): what it is in, what can happen to it, what the shell must do.
 * Times are monotonic milliseconds that come in with the event.
 */
export const STATUSES = ['stopped', 'starting', 'running', 'backoff', 'stopping', 'exited', 'fatal'] as const;

export type Status = (typeof STATUSES)[number];

/** Where a stopping instance comes to rest or goes on. */
export type AfterStop = 'stopped' | 'starting' | 'exited' | 'fatal' | 'backoff';

export type Phase =
  | { readonly status: 'stopped' }
  | { readonly status: 'exited' }
  | { readonly status: 'fatal' }
  | {
      readonly status: 'starting';
      readonly pid: number | null;
      readonly spawnedAtMs: number;
      /** Armed when the app says itself that it is ready. */
      readonly timerId: number | null;
    }
  | { readonly status: 'running'; readonly pid: number; readonly readyAtMs: number }
  | { readonly status: 'backoff'; readonly timerId: number; readonly delayMs: number; readonly untilMs: number }
  | StoppingPhase;

/** Why a process is replaced by a reload. */
export type ReloadCause = 'requested' | 'cron' | 'watch' | 'memory_limit';

/** The process beside the main one: a replacement that has to prove itself, or one on its way out. */
export type Beside = CandidateProcess | LeavingProcess;

export interface CandidateProcess {
  readonly role: 'candidate';
  readonly generation: number;
  readonly cause: ReloadCause;
  readonly pid: number | null;
  readonly spawnedAtMs: number;
  /** Null until it said that it is ready; then its settle time runs. */
  readonly readyAtMs: number | null;
  /** Ends its time to become ready, then its settle time. */
  readonly timerId: number;
}

export interface LeavingProcess {
  readonly role: 'leaving';
  readonly generation: number;
  /** Why it is told to go; null when it died by itself and only what it left behind is being ended. */
  readonly cause: StopCause | null;
  readonly pid: number | null;
  readonly stage: 'draining' | 'asked' | 'killed';
  /** True once the root process was seen to exit. */
  readonly rootGone: boolean;
  /** When it became ready (or was spawned). */
  readonly sinceMs: number;
  /** Ends the stage. */
  readonly timerId: number;
}

export interface StoppingPhase {
  readonly status: 'stopping';
  readonly pid: number | null;
  /** Why it is told to go; null when it died by itself and only what it left behind is being ended. */
  readonly cause: StopCause | null;
  readonly next: AfterStop;
  /** Null once nothing of its tree is left, and only the process beside it is waited for. */
  readonly timerId: number | null;
  /** True once SIGKILL was sent. */
  readonly killed: boolean;
  /** True once the root process was seen to exit: the rest of its tree is what is waited for. */
  readonly rootGone: boolean;
  /** When the process became ready (or was spawned). */
  readonly sinceMs: number;
  /** Delay to apply when `next` is backoff. */
  readonly delayMs: number;
}

export interface InstanceCounters {
  /** Processes spawned. */
  readonly starts: number;
  /** Deaths, by reason. */
  readonly exits: Readonly<Record<ExitReason, number>>;
  /** Starts that replaced an earlier process without a person asking for a start, by the reason of the death before. */
  readonly restarts: Readonly<Record<ExitReason, number>>;
}

export interface InstanceState {
  readonly phase: Phase;
  /** Number of the main process; 0 before the first. */
  readonly generation: number;
  /** The highest number that a process of this slot ever had: the main one's, or one given by a reload. */
  readonly newest: number;
  /** The second process of the slot, if there is one. */
  readonly beside: Beside | null;
  /** Grows with every timer armed, so that a late one is known as stale. */
  readonly timerSeq: number;
  /** Exits in a row younger than min_uptime. */
  readonly unstableRestarts: number;
  /** Exits in a row that nobody asked for, forgotten after a long life: drives the back-off. */
  readonly streak: number;
  /** PM2's restart_time: restarts since the last reset. Only for display, `counters` never fall. */
  readonly restartsShown: number;
  /** Delay of the latest back-off in ms, 0 when none. */
  readonly lastDelayMs: number;
  /** Monotonic ms of creation, or of the latest manual restart or reset. */
  readonly createdAtMs: number;
  /** The latest death in this slot, whichever process it was. */
  readonly lastExit: ExitRecord | null;
  /** The latest death of a main process: the one that the next start answers. */
  readonly mainExit: ExitRecord | null;
  readonly counters: InstanceCounters;
}

export type Command =
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
  | { readonly type: 'restart'; readonly cause: Exclude<StopCause, 'ready_timeout' | 'memory_limit'> }
  /** Replace what runs by a process that has proven itself first; what does not run is started as by a restart. */
  | { readonly type: 'reload'; readonly cause: ReloadCause }
  | { readonly type: 'reset' }
  /** Another daemon had this instance before: arm anew what it waited for, tell again what was told. */
  | { readonly type: 'resume' };

export type Fact =
  | { readonly type: 'spawned'; readonly generation: number; readonly pid: number }
  | {
      readonly type: 'spawn_failed';
      readonly generation: number;
      readonly message: string;
      /** True when trying again cannot help: no such file, no permission. */
      readonly permanent: boolean;
    }
  | { readonly type: 'ready'; readonly generation: number }
  | {
      readonly type: 'exited';
      readonly generation: number;
      readonly exit: ExitStatus;
      /** True when processes of its session are still there. */
      readonly leftovers: boolean;
    }
  | { readonly type: 'tree_gone'; readonly generation: number }
  /** Nothing is in flight in it any more, or it will not say. */
  | { readonly type: 'drained'; readonly generation: number }
  | { readonly type: 'memory_exceeded'; readonly generation: number; readonly rssBytes: number }
  | { readonly type: 'timer'; readonly timerId: number };

export type InstanceEvent = Command | Fact;

export type Effect =
  | { readonly type: 'spawn'; readonly generation: number }
  /** Have the process accept nothing new and finish what is in flight; the answer is the fact `drained`. */
  | { readonly type: 'drain'; readonly generation: number }
  /** Ask the process tree of the generation to go, deepest first. */
  | { readonly type: 'signal_tree'; readonly generation: number }
  /** SIGKILL the process tree of the generation. */
  | { readonly type: 'kill_tree'; readonly generation: number }
  | { readonly type: 'arm'; readonly timerId: number; readonly delayMs: number }
  | { readonly type: 'disarm'; readonly timerId: number }
  | { readonly type: 'publish'; readonly transition: Transition };

/** One change of status, published once; logs, metrics, journal and API stream listen. */
export interface Transition {
  /** True: it speaks of the process beside the main one, and the status of the instance stays (from is to). */
  readonly beside: boolean;
  readonly from: Status;
  readonly to: Status;
  readonly generation: number;
  /** Type of the event that caused it. */
  readonly event: InstanceEvent['type'];
  /** The death that this transition reports, if any. */
  readonly exit: ExitRecord | null;
  /** Milliseconds from spawn to ready, on the transition to running. */
  readonly readyMs: number | null;
  /** Delay before the next start, on the transition to backoff. */
  readonly delayMs: number | null;
  /** Why the process is told to go or started again, where someone or something asked. */
  readonly cause: StopCause | null;
  readonly streak: number;
}

/** Every move that may happen: a move that is not here is a defect. */
export const LEGAL_MOVES: Readonly<Record<Status, readonly Status[]>> = {
  stopped: ['starting'],
  starting: ['running', 'stopping', 'backoff', 'exited', 'fatal', 'starting'],
  // To itself: the candidate of a reload is the main process now.
  running: ['running', 'stopping', 'backoff', 'starting', 'exited', 'fatal'],
  backoff: ['starting', 'stopping', 'stopped'],
  stopping: ['stopped', 'starting', 'backoff', 'exited', 'fatal'],
  // To stopping: the process beside has yet to go.
  exited: ['starting', 'stopping', 'stopped'],
  fatal: ['starting', 'stopping', 'stopped'],
};

/** The world outside the machine at the moment of one step. */
export interface StepContext {
  readonly nowMs: number;
  /** A number from 0 to 1, fresh for each step. */
  readonly jitter: number;
}

export interface StepResult {
  readonly state: InstanceState;
  readonly effects: readonly Effect[];
}
