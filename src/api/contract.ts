import type { AgentVitals } from '../base/agent-protocol.ts';
import type { ErrorCode } from '../base/errors.ts';
import type { ExitReason, StopCause } from '../core/exit.ts';
import type { AppSpec, ExecMode } from '../core/spec.ts';
import type { InstanceCounters, Status } from '../core/states.ts';
import type { LogAccountView } from './log-views.ts';
import type { LokiAppView } from './loki-views.ts';

/**
 * The wire: HTTP/1.1 with JSON over the unix socket of the home. Mutations answer NDJSON: one `Progress` a line,
 * the last one of type `end`. Errors before the first line are application/problem+json (`Problem`).
 * Times are Unix milliseconds.
 */
export const ROUTES = {
  /** GET -> PingView */
  ping: '/v1/ping',
  /** GET ?target=… (repeatable) -> FleetView */
  instances: '/v1/instances',
  /** GET ?target=… -> { instances: DescribeView[] } */
  describe: '/v1/describe',
  /** GET ?target=… -> { instances: WhyView[] } */
  why: '/v1/why',
  /** GET ?target=… -> { instances: EnvView[] }: the owner's eyes only */
  env: '/v1/env',
  /** GET ?target=… -> { instances: SpecView[] }: whole specs, environment included, for the owner's eyes only */
  specs: '/v1/specs',
  /** GET -> PM2's jlist array, environment included */
  jlist: '/v1/jlist',
  /** POST StartRequest -> Progress lines */
  start: '/v1/start',
  /** POST ActionRequest -> Progress lines */
  action: '/v1/action',
  /** POST ScaleRequest -> Progress lines */
  scale: '/v1/scale',
  /** POST SignalRequest -> { signalled: number } */
  signal: '/v1/signal',
  /** POST LineRequest -> SentView: a line for the standard input, fork mode only */
  stdin: '/v1/stdin',
  /** POST MessageRequest -> SentView: a message on the IPC channel, Node apps only */
  message: '/v1/message',
  /** GET ?target=… -> NDJSON of AppMessageView: what apps send on their IPC channels, until the client goes */
  messages: '/v1/messages',
  /** POST TargetsRequest -> FlushView */
  flush: '/v1/flush',
  /** POST {} -> { files: string[] }: all log files are opened anew by their names */
  reloadLogs: '/v1/reload-logs',
  /** POST {} -> Progress lines; the daemon ends after the last */
  kill: '/v1/kill',
  /** POST ?state=N (STATE_VERSION of the next daemon) -> LeaveView; then this one ends and leaves the apps to it */
  leave: '/v1/leave',
  /** POST ?force=true (also an empty list, and over a file that cannot be read) -> SaveView */
  save: '/v1/save',
  /** POST RestoreRequest -> Progress lines */
  restore: '/v1/restore',
  /** POST {} -> Progress lines, of the instances that were missing */
  resurrect: '/v1/resurrect',
  /** POST {} -> ClearDumpView */
  clearDump: '/v1/clear-dump',
  /** GET ?target=… -> NDJSON: one LogStreamHead, then LogRecords until the client goes; ?follow=false: only the head */
  logs: '/v1/logs',
  /** GET ?since=MS&follow=true&target=… -> NDJSON of JournalRecord: what was, then what comes until the client goes */
  events: '/v1/events',
  /** GET -> LokiStatusView */
  lokiStatus: '/v1/loki/status',
  /** POST {} -> LokiTestView */
  lokiTest: '/v1/loki/test',
} as const;

/** application/problem+json, RFC 9457. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface HttpView {
  /** What was asked for, host:port; null when switched off. */
  readonly listen: string | null;
  /** Bound address, null while not bound. */
  readonly address: string | null;
  /** Why it is not bound, for example the port is in use; it is tried again. */
  readonly error: string | null;
}

export interface PingView {
  readonly pid: number;
  readonly version: string;
  readonly uptimeSeconds: number;
  /** Processes taken over from an earlier daemon. */
  readonly adopted: number;
  /** What starts a daemon again after a crash: the unit that runs this one, or the next command of anybody. */
  readonly restartedBy: 'systemd' | 'next-command';
  /** Name of the unit that runs it, null where a command has started it. */
  readonly unit: string | null;
  readonly http: HttpView;
  readonly home: string;
}

/** What a list shows. */
export interface FleetView {
  readonly instances: readonly InstanceView[];
  /** Of the daemon; a daemon before 0.1 says nothing of itself here. */
  readonly daemon?: Pick<PingView, 'version' | 'http'>;
}

export interface ExitView {
  readonly reason: ExitReason;
  readonly code: number | null;
  readonly signal: string | null;
  readonly uptimeMs: number;
  readonly atMs: number;
  readonly message: string | null;
}

export interface InstanceView {
  /** PM2's pm_id: given once per instance, never used again while the list is not empty. */
  readonly id: number;
  readonly app: string;
  readonly namespace: string;
  /** NODE_APP_INSTANCE: 0..n-1, stable over restarts. */
  readonly slot: number;
  readonly version: string;
  readonly execMode: ExecMode;
  readonly status: Status;
  /** The same state in PM2's words. */
  readonly pm2Status: string;
  readonly pid: number | null;
  readonly generation: number;
  /** When the current process was spawned, null without one. */
  readonly startedAtMs: number | null;
  readonly restarts: number;
  readonly unstableRestarts: number;
  /** Exits in a row that nobody asked for. */
  readonly streak: number;
  readonly backoff: { readonly delayMs: number; readonly untilMs: number } | null;
  /** Mean since the previous look, 1 = one core, process tree; null without a process. */
  readonly cpuRatio: number | null;
  /** Resident bytes of the process tree. */
  readonly rssBytes: number | null;
  readonly memoryLimitBytes: number | null;
  readonly lastExit: ExitView | null;
  /** Version of the cluster host of the app, which keeps it until the app is restarted; null without a host. */
  readonly hostVersion: string | null;
  readonly user: string;
  readonly watching: boolean;
  readonly cron: { readonly pattern: string; readonly nextAtMs: number | null } | null;
}

export interface LogPaths {
  readonly out: string | null;
  readonly error: string | null;
  readonly combined: string | null;
}

export interface TransitionView {
  readonly atMs: number;
  readonly from: Status;
  readonly to: Status;
  /** The process that it speaks of. */
  readonly generation: number;
  /** True for the process beside the main one, during a reload; then from and to are the same. */
  readonly beside: boolean;
  readonly event: string;
  readonly cause: StopCause | null;
  readonly exit: ExitView | null;
  /** Names the death that it reports, null where it reports none. */
  readonly deathId: string | null;
  readonly delayMs: number | null;
}

export interface DescribeView extends InstanceView {
  /** The cluster host that the workers of the app belong to, null in fork mode. */
  readonly hostPid: number | null;
  /** True while the agent in the process is connected. */
  readonly agentConnected: boolean;
  /** What only the process itself can tell, taken now; null without an agent or when it did not answer in time. */
  readonly runtime: AgentVitals | null;
  /** The spec without environment values. */
  readonly spec: Omit<AppSpec, 'envBlocks' | 'process'> & { readonly process: Omit<AppSpec['process'], 'env'> };
  readonly logs: LogPaths;
  readonly pidFile: string;
  readonly createdAtMs: number;
  readonly counters: InstanceCounters;
  /** The files of each stream, the live one and the rolled ones; null without a file. */
  readonly logFiles: Readonly<Record<'out' | 'error', { readonly files: number; readonly bytes: number } | null>>;
  readonly logAccount: Readonly<Record<'out' | 'error', LogAccountView>>;
  /** What was shipped of the whole app; null when nothing of it is shipped. */
  readonly loki: LokiAppView | null;
}

/** The flight recorder of one instance. */
export interface WhyView extends InstanceView {
  readonly transitions: readonly TransitionView[];
  readonly lastDeath: DeathView | null;
}

export interface DeathView {
  /** Of the home: instance, generation and moment. */
  readonly id: string;
  readonly exit: ExitView;
  /** Last whole lines of each stream before the death. */
  readonly lastLines: { readonly out: readonly string[]; readonly error: readonly string[] };
  readonly vitals: VitalsView | null;
}

/** The last figures that were taken of a process tree. */
export interface VitalsView {
  readonly atMs: number;
  readonly rssBytes: number;
  readonly cpuRatio: number | null;
  readonly processes: number;
  readonly openFds: number | null;
  readonly threads: number;
}

export interface EnvView {
  readonly id: number;
  readonly app: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface StartRequest {
  readonly apps: readonly AppSpec[];
  /** Variables of every app, beside its own. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** What to do with an app whose name and namespace exist already. */
  readonly onExisting: 'restart' | 'reload' | 'refuse' | 'add';
  /** Instances of an app that are reloaded at once, 1 when left out. */
  readonly parallel?: number | undefined;
}

export const ACTIONS = ['start', 'stop', 'restart', 'reload', 'delete', 'reset'] as const;
export type Action = (typeof ACTIONS)[number];

export interface TargetsRequest {
  /** Selectors: id, name, namespace, /regex/, all. */
  readonly targets: readonly string[];
}

export interface ActionRequest extends TargetsRequest {
  readonly action: Action;
  /** Variables to lay over the app's environment before a restart (`--update-env`). */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Instances at once: those of an app for a reload (1 when left out), of all for the rest (all when left out). */
  readonly parallel?: number | undefined;
  /** What else is laid over the spec before a start, a restart or a reload, in the shape of AppSpec. */
  readonly changes?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined;
  /** `restart --watch` and `stop --watch` change this. */
  readonly watch?: 'toggle' | 'off' | undefined;
}

export interface ScaleRequest {
  /** Selector of one app. */
  readonly target: string;
  /** How many instances: "4", or how many more or fewer: "+1", "-1". */
  readonly count: string;
}

export interface SignalRequest extends TargetsRequest {
  /** A name of signal(7): SIGUSR2 or USR2. */
  readonly signal: string;
}

export type Progress =
  | {
      readonly type: 'begin';
      readonly total: number;
      /** Something that people are to know first. */
      readonly note?: string;
    }
  | {
      readonly type: 'instance';
      readonly id: number;
      readonly app: string;
      readonly slot: number;
      readonly ok: boolean;
      readonly status: Status;
      readonly pid: number | null;
      readonly message: string | null;
      /** The last lines of a process that failed, where they tell why. */
      readonly lastLines: readonly string[];
    }
  | {
      readonly type: 'end';
      readonly ok: boolean;
      readonly ids: readonly number[];
      readonly failed: number;
      /** What was done is done, and something else went wrong: it could not be written down, for example. */
      readonly warning?: string;
    };
