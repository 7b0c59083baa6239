import type { ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { HistogramRow } from '../base/agent-telemetry.ts';
import { classOf, createHttpCounts, UNANSWERED } from './http-counts.ts';

/** When a request began, on its response; 0 once it was counted. A property costs a third of a WeakMap. */
const START = Symbol('promvisor.start');
const METHOD = Symbol('promvisor.method');

interface Timed extends ServerResponse {
  [START]?: number;
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
 * Counts requests from the head to the end of the answer, by Node's own channels.
 * @param onCounted called for each request
 * @returns the counts
 */
export function createServerCounts(onCounted: () => void): ServerCounts {
  const counts = createHttpCounts('aborted');
  let active = 0;

  // One function for all responses, no closure for each.
  function onClose(this: Timed): void {
    try {
      end(this, UNANSWERED);
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
  function end(response: Timed, statusClass: number): void {
    const start = response[START];
    if (start === undefined || start === 0) return;
    response[START] = 0;
    active -= 1;
    counts.add(response.req.method, statusClass, performance.now() - start);
    onCounted();
  }

  const channels = process.getBuiltinModule('node:diagnostics_channel');
  channels.subscribe('http.server.response.finish', (message) => {
    try {
      const { response } = message as { readonly response: Timed };
      end(response, classOf(response.statusCode));
    } catch {
      // As above.
    }
  });

  return {
    onRequest(message) {
      const { response } = message as { readonly response: Timed };
      response[START] = performance.now();
      active += 1;
      response.on('close', onClose);
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
