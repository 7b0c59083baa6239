import type { AgentTelemetry, AppFamily, TelemetryGroup } from './agent-telemetry.ts';

/**
 * What daemon and agent say to each other over the agent socket: one JSON object a line, UTF-8, at most
 * AGENT_LINE_BYTES each. The agent connects, says hello first, and is silent until it is asked or something happens.
 * Both sides ignore message types they do not know, so that either may be the older one.
 */
export const AGENT_PROTOCOL = 1;
export const AGENT_LINE_BYTES = 65_536;
/** The longest answer to `metrics`: an app whose own metrics are longer is told as `too_long`, and nothing of it is lost but they. */
export const AGENT_METRICS_BYTES = 8_388_608;

/** The agent finds its daemon by this variable: JSON of AgentAddress. It takes it out of its environment at once. */
export const AGENT_VARIABLE = 'PROMVISOR_AGENT';

export interface AgentAddress {
  /** Absolute path of the daemon's agent socket. */
  readonly socket: string;
  /** PM2's pm_id of the instance. */
  readonly id: number;
  readonly generation: number;
  /** What the agent may measure; none of it costs anything before something happens or it is asked. */
  readonly telemetry: readonly TelemetryGroup[];
  /**
   * Absolute path without its ending of the two files (`.a`, `.b`) in which the agent keeps what it has counted, so that
   * it outlives a SIGKILL. The folder is there; the files are made by the agent with the first thing that is counted.
   */
  readonly snapshot: string;
  /** The process has no IPC channel of child_process: the agent is to offer one. */
  readonly channel: boolean;
}

export type FromAgent =
  | {
      readonly type: 'hello';
      readonly protocol: number;
      readonly id: number;
      readonly generation: number;
      readonly pid: number;
    }
  /** A server of the app accepts connections: once for each. `address` is host:port or a path. */
  | { readonly type: 'listening'; readonly address: string }
  /** The answer to `drain`: nothing is open any more, or the deadline passed with `open` connections left. */
  | { readonly type: 'drained'; readonly open: number }
  /** `process.send` of the app, where the agent has the channel. */
  | { readonly type: 'message'; readonly message: unknown }
  | { readonly type: 'vitals'; readonly seq: number; readonly vitals: AgentVitals }
  | { readonly type: 'telemetry'; readonly seq: number; readonly telemetry: AgentTelemetry }
  /** `families` is null when they are longer than AGENT_METRICS_BYTES or collecting them failed; `problem` says which. */
  | {
      readonly type: 'metrics';
      readonly seq: number;
      /** As in AgentSnapshot. */
      readonly taken: number;
      readonly families: readonly AppFamily[] | null;
      readonly problem: string | null;
    };

export type ToAgent =
  /**
   * Stop accepting, finish what is in flight, answer `Connection: close`, close connections that are still idle
   * `graceMs` from now, answer `drained` when none is left or after `deadlineMs`.
   */
  | { readonly type: 'drain'; readonly graceMs: number; readonly deadlineMs: number }
  /** A 'message' for the app, where the agent has the channel. */
  | { readonly type: 'message'; readonly message: unknown }
  | { readonly type: 'vitals'; readonly seq: number }
  /** Asks for the built-in figures. */
  | { readonly type: 'telemetry'; readonly seq: number }
  /** Asks for the app's own registries. */
  | { readonly type: 'metrics'; readonly seq: number };

/** What only the process itself can tell, since its start unless said otherwise. */
export interface AgentVitals {
  readonly heapUsedBytes: number;
  readonly heapTotalBytes: number;
  readonly heapLimitBytes: number;
  readonly externalBytes: number;
  /** Busy share of the event loop since the previous answer, 0..1. */
  readonly eventLoopUtilizationRatio: number;
  readonly activeHandles: number;
  readonly activeRequests: number;
}
