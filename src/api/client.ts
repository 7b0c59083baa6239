import { PromvisorError } from '../base/errors.ts';
import type { AppMessageView, LineRequest, MessageRequest, SentView } from './app-messages.ts';
import {
  type ActionRequest,
  type DescribeView,
  type EnvView,
  type FleetView,
  type InstanceView,
  type PingView,
  type Progress,
  ROUTES,
  type ScaleRequest,
  type SignalRequest,
  type StartRequest,
  type WhyView,
} from './contract.ts';
import type { ClearDumpView, FlushView, LeaveView, RestoreRequest, SaveView, SpecView } from './daemon-views.ts';
import type { JournalRecord } from './journal.ts';
import type { LogRecordView, LogStreamHead } from './log-views.ts';
import type { LokiStatusView, LokiTestView } from './loki-views.ts';
import { parseNdjson } from './ndjson.ts';
import { shareEnv } from './shared-env.ts';
import { type Call, callText, chunksOf, openCall, problemIn } from './wire-client.ts';

/** A read is answered from memory. */
const READ_SILENCE_MS = 30_000;
/** An app may take its kill_timeout or listen_timeout to answer; nobody waits longer than this for the next line. */
const MUTATION_SILENCE_MS = 15 * 60_000;

/** The daemon, as its clients see it. Every call is one connection; every failure is a PromvisorError. */
export interface Client {
  readonly socketPath: string;
  ping(silenceMs?: number): Promise<PingView>;
  instances(targets?: readonly string[]): Promise<readonly InstanceView[]>;
  /** All instances and what is to be known of the daemon, in one answer. */
  fleet(): Promise<FleetView>;
  describe(targets: readonly string[]): Promise<readonly DescribeView[]>;
  why(targets: readonly string[]): Promise<readonly WhyView[]>;
  env(targets: readonly string[]): Promise<readonly EnvView[]>;
  specs(targets?: readonly string[]): Promise<readonly SpecView[]>;
  /** PM2's list as the JSON text that the daemon sent. */
  jlistText(): Promise<string>;
  start(body: StartRequest): AsyncGenerator<Progress, void, void>;
  action(body: ActionRequest): AsyncGenerator<Progress, void, void>;
  scale(body: ScaleRequest): AsyncGenerator<Progress, void, void>;
  kill(): AsyncGenerator<Progress, void, void>;
  leave(stateVersion: number): Promise<LeaveView>;
  save(force: boolean): Promise<SaveView>;
  restore(body: RestoreRequest): AsyncGenerator<Progress, void, void>;
  resurrect(): AsyncGenerator<Progress, void, void>;
  clearDump(): Promise<ClearDumpView>;
  signal(body: SignalRequest): Promise<number>;
  /** @returns how many processes were given it */
  sendLine(body: LineRequest): Promise<number>;
  /** @returns how many processes were given it */
  sendMessage(body: MessageRequest): Promise<number>;
  /** What apps send on their IPC channels from now on. */
  messages(targets: readonly string[], signal?: AbortSignal): AsyncGenerator<AppMessageView, void, void>;
  flush(targets: readonly string[]): Promise<FlushView>;
  reloadLogs(): Promise<readonly string[]>;
  lokiStatus(): Promise<LokiStatusView>;
  lokiTest(): Promise<LokiTestView>;
  events(request: EventsRequest): AsyncGenerator<JournalRecord, void, void>;
  logs(targets: readonly string[], options?: LogsOptions): Promise<LogStream>;
}

export interface EventsRequest {
  readonly targets: readonly string[];
  /** Unix ms. */
  readonly sinceMs: number;
  /** Goes on with what comes. */
  readonly follow: boolean;
  /** Ends the stream. */
  readonly signal?: AbortSignal;
}

export interface LogsOptions {
  /** False for the head alone. */
  readonly follow?: boolean;
  /** Ends the stream. */
  readonly signal?: AbortSignal;
}

export interface LogStream {
  readonly head: LogStreamHead;
  readonly records: AsyncGenerator<LogRecordView, void, void>;
}

/**
 * Makes the client of a daemon; nothing is sent before the first call.
 * @param socketPath the daemon's unix socket
 * @param onAbsent asked once a call when no daemon listens: true when one does now
 * @returns the client
 */
export function createClient(socketPath: string, onAbsent?: Call['onAbsent']): Client {
  const read = (path: string): Call => ({ socketPath, method: 'GET', path, silenceMs: READ_SILENCE_MS, onAbsent });
  const write = (path: string, body: unknown, silenceMs = MUTATION_SILENCE_MS): Call => {
    return { socketPath, method: 'POST', path, body, silenceMs, onAbsent };
  };
  return {
    socketPath,
    ping: async (silenceMs = READ_SILENCE_MS) => {
      return objectOf<PingView>(await callText({ ...read(ROUTES.ping), silenceMs }), 'pid', 'number');
    },
    instances: async (targets = []) =>
      listOf<InstanceView>(await callText(read(withTargets(ROUTES.instances, targets)))),
    fleet: async () => objectOf<FleetView>(await callText(read(ROUTES.instances)), 'instances', 'object'),
    describe: async (targets) => listOf<DescribeView>(await callText(read(withTargets(ROUTES.describe, targets)))),
    why: async (targets) => listOf<WhyView>(await callText(read(withTargets(ROUTES.why, targets)))),
    env: async (targets) => listOf<EnvView>(await callText(read(withTargets(ROUTES.env, targets)))),
    specs: async (targets = []) => listOf<SpecView>(await callText(read(withTargets(ROUTES.specs, targets)))),
    jlistText: () => callText(read(ROUTES.jlist)),
    start: (body) => progressOf(write(ROUTES.start, shareEnv(body))),
    action: (body) => progressOf(write(ROUTES.action, body)),
    scale: (body) => progressOf(write(ROUTES.scale, body)),
    kill: () => progressOf(write(ROUTES.kill, {})),
    leave: async (stateVersion) => {
      const text = await callText(write(`${ROUTES.leave}?state=${stateVersion}`, {}));
      return objectOf<LeaveView>(text, 'pid', 'number');
    },
    save: async (force) => {
      return objectOf<SaveView>(await callText(write(`${ROUTES.save}?force=${force}`, {})), 'instances', 'number');
    },
    restore: (body) => progressOf(write(ROUTES.restore, body)),
    resurrect: () => progressOf(write(ROUTES.resurrect, {})),
    clearDump: async () => objectOf<ClearDumpView>(await callText(write(ROUTES.clearDump, {})), 'file', 'string'),
    signal: async (body) => {
      const text = await callText(write(ROUTES.signal, body, READ_SILENCE_MS));
      return objectOf<{ signalled: number }>(text, 'signalled', 'number').signalled;
    },
    sendLine: (body) => sentOf(write(ROUTES.stdin, body, READ_SILENCE_MS)),
    sendMessage: (body) => sentOf(write(ROUTES.message, body, READ_SILENCE_MS)),
    messages: (targets, signal) => messagesOf({ ...read(withTargets(ROUTES.messages, targets)), silenceMs: 0, signal }),
    flush: async (targets) => {
      const text = await callText(write(ROUTES.flush, { targets }, READ_SILENCE_MS));
      return objectOf<FlushView>(text, 'files', 'object');
    },
    logs: (targets, { follow = true, signal } = {}) => {
      const path = withQuery(ROUTES.logs, [...targetsQuery(targets), ...(follow ? [] : ['follow=false'])]);
      return openLogs({ ...read(path), silenceMs: 0, signal });
    },
    events: ({ targets, sinceMs, follow, signal }) => {
      const query = [...targetsQuery(targets), `since=${sinceMs}`, `follow=${follow}`];
      return eventsOf({ ...read(withQuery(ROUTES.events, query)), silenceMs: follow ? 0 : READ_SILENCE_MS, signal });
    },
    reloadLogs: async () => {
      const text = await callText(write(ROUTES.reloadLogs, {}, READ_SILENCE_MS));
      return objectOf<{ files: string[] }>(text, 'files', 'object').files;
    },
    lokiStatus: async () => {
      return objectOf<LokiStatusView>(await callText(read(ROUTES.lokiStatus)), 'sentEntries', 'number');
    },
    lokiTest: async () => {
      const text = await callText(write(ROUTES.lokiTest, {}, MUTATION_SILENCE_MS));
      return objectOf<LokiTestView>(text, 'durationMs', 'number');
    },
  };
}

function withTargets(route: string, targets: readonly string[]): string {
  return withQuery(route, targetsQuery(targets));
}

function targetsQuery(targets: readonly string[]): string[] {
  return targets.map((target) => `target=${encodeURIComponent(target)}`);
}

function withQuery(route: string, parts: readonly string[]): string {
  return parts.length === 0 ? route : `${route}?${parts.join('&')}`;
}

async function* progressOf(call: Call): AsyncGenerator<Progress, void, void> {
  for await (const value of parseNdjson(chunksOf(await openCall(call)))) {
    const type = typeOf(value);
    if (type === 'problem') throw problemLine(value);
    if (type !== 'begin' && type !== 'instance' && type !== 'end') {
      throw new PromvisorError('PROTOCOL', `expected a progress line, got ${excerpt(JSON.stringify(value))}`);
    }
    // The type was checked; the fields are the daemon's own, of the same contract.
    yield value as Progress;
    if (type === 'end') return;
  }
  throw new PromvisorError('PROTOCOL', 'the daemon closed the connection before it said how the command ended');
}

async function openLogs(call: Call): Promise<LogStream> {
  const lines = parseNdjson(chunksOf(await openCall(call)));
  const first = await lines.next();
  if (first.done === true || typeOf(first.value) !== 'head') {
    throw new PromvisorError('PROTOCOL', 'the daemon did not begin its log stream with a head');
  }
  return { head: first.value as LogStreamHead, records: recordsOf(lines) };
}

async function* eventsOf(call: Call): AsyncGenerator<JournalRecord, void, void> {
  for await (const value of parseNdjson(chunksOf(await openCall(call)))) {
    if (typeOf(value) === 'problem') throw problemLine(value);
    // The daemon's own, of the same contract.
    if (typeOf(value) !== null) yield value as JournalRecord;
  }
}

async function* messagesOf(call: Call): AsyncGenerator<AppMessageView, void, void> {
  for await (const value of parseNdjson(chunksOf(await openCall(call)))) {
    if (typeOf(value) === 'problem') throw problemLine(value);
    if (typeOf(value) === 'message') yield value as AppMessageView;
  }
}

async function sentOf(call: Call): Promise<number> {
  return objectOf<SentView>(await callText(call), 'sent', 'number').sent;
}

async function* recordsOf(lines: AsyncGenerator<unknown, void, void>): AsyncGenerator<LogRecordView, void, void> {
  for await (const value of lines) {
    if (typeOf(value) === 'problem') throw problemLine(value);
    if (typeOf(value) === 'line') yield value as LogRecordView;
  }
}

/** An error that came up after the first line of a stream. */
function problemLine(line: unknown): PromvisorError {
  const error = problemIn((line as { problem?: unknown }).problem);
  return error ?? new PromvisorError('PROTOCOL', `expected a problem, got ${excerpt(JSON.stringify(line))}`);
}

function typeOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'type' in value ? value.type : null;
}

function listOf<T>(text: string): readonly T[] {
  const { instances } = objectOf<{ instances: T[] }>(text, 'instances', 'object');
  if (Array.isArray(instances)) return instances;
  throw new PromvisorError('PROTOCOL', `expected { instances: [...] } from the daemon, got ${excerpt(text)}`);
}

/** Parses an answer and checks the one field that tells its shape. */
function objectOf<T>(text: string, key: string, type: 'number' | 'object' | 'string'): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new PromvisorError('PROTOCOL', `expected JSON from the daemon, got ${excerpt(text)}`, { cause });
  }
  if (typeof value === 'object' && value !== null) {
    const field = (value as Record<string, unknown>)[key];
    if (field !== null && typeof field === type) return value as T;
  }
  throw new PromvisorError('PROTOCOL', `expected an answer with "${key}" from the daemon, got ${excerpt(text)}`);
}

function excerpt(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}
