import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { HistogramRow } from '../base/agent-telemetry.ts';
import { classOf, createHttpCounts, methodIndex, UNANSWERED } from './http-counts.ts';

/** What is under way on a connection, on its socket: made once for all requests that come by it. */
const UNDER_WAY = Symbol('promvisor.requests');
const START = Symbol('promvisor.start');
const METHOD = Symbol('promvisor.method');

interface Request {
  readonly startMs: number;
  /** As by `methodIndex`. */
  readonly method: number;
}

/** Requests of one connection that have no whole answer yet. Answers come in the order of the requests. */
interface UnderWay {
  count: number;
  /** The oldest one. */
  startMs: number;
  method: number;
  /** Those behind it, where the client sends more before it has an answer (pipelining). */
  behind: Request[];
}

interface Counted extends Socket {
  [UNDER_WAY]?: UnderWay;
}
interface RequestMessage {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Counted;
}
interface TimedStream extends ServerHttp2Stream {
  [START]?: number;
  [METHOD]?: string;
}

/** Requests to the app's servers. */
export interface ServerCounts {
  /** Takes a message of `http.server.request.start`. */
  onRequest(message: unknown): void;
  /** Takes a message of `http2.server.stream.start`. */
  onStream(message: unknown): void;
  rows(): readonly HistogramRow[];
  /** Requests that are being answered. */
  active(): number;
}

/**
 * Counts requests from the head to the end of the answer, by Node's own channels. What is done for each request makes
 * nothing anew and touches neither request nor response: a property and a listener on each would cost more than all the rest.
 * @param onCounted called for each request
 * @returns the counts
 */
export function createServerCounts(onCounted: () => void): ServerCounts {
  const counts = createHttpCounts('aborted');
  let active = 0;

  function end(underWay: UnderWay, statusClass: number): void {
    counts.addAt(underWay.method, statusClass, performance.now() - underWay.startMs);
    active -= 1;
    underWay.count -= 1;
    if (underWay.count > 0) next(underWay);
    onCounted();
  }
  // One function for all connections, no closure for each.
  function onClose(this: Counted): void {
    try {
      const underWay = this[UNDER_WAY];
      while (underWay !== undefined && underWay.count > 0) end(underWay, UNANSWERED);
    } catch {
      // The app must not die of its agent.
    }
  }
  function onStreamClose(this: TimedStream): void {
    try {
      const status = Number(this.sentHeaders?.[':status']);
      const isWhole = this.rstCode === 0 && !this.aborted && status > 0;
      active -= 1;
      counts.add(this[METHOD], isWhole ? classOf(status) : UNANSWERED, performance.now() - (this[START] ?? 0));
      onCounted();
    } catch {
      // As above.
    }
  }

  const channels = process.getBuiltinModule('node:diagnostics_channel');
  channels.subscribe('http.server.response.finish', (message) => {
    try {
      const { socket, response } = message as RequestMessage;
      const underWay = socket[UNDER_WAY];
      // None after the client has left: that was counted.
      if (underWay !== undefined && underWay.count > 0) end(underWay, classOf(response.statusCode));
    } catch {
      // As above.
    }
  });

  return {
    onRequest(message) {
      const { request, socket } = message as RequestMessage;
      const startMs = performance.now();
      const method = methodIndex(request.method);
      const underWay = socket[UNDER_WAY];
      active += 1;
      if (underWay === undefined) {
        socket[UNDER_WAY] = { count: 1, startMs, method, behind: [] };
        socket.on('close', onClose);
      } else {
        underWay.count += 1;
        if (underWay.count > 1) underWay.behind.push({ startMs, method });
        else {
          underWay.startMs = startMs;
          underWay.method = method;
        }
      }
    },
    onStream(message) {
      const { stream, headers } = message as { readonly stream: TimedStream; readonly headers: { ':method'?: string } };
      // Even ones are pushed by the server: nobody has asked for them.
      if ((stream.id ?? 0) % 2 === 0) return;
      stream[START] = performance.now();
      stream[METHOD] = headers[':method'] ?? '';
      active += 1;
      stream.on('close', onStreamClose);
    },
    rows: counts.rows,
    active: () => active,
  };
}

function next(underWay: UnderWay): void {
  const request = underWay.behind.shift();
  if (request === undefined) return;
  underWay.startMs = request.startMs;
  underWay.method = request.method;
}
