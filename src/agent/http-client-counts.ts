import type { ClientRequest, IncomingMessage } from 'node:http';
import type { HistogramRow } from '../base/agent-telemetry.ts';
import { guarded } from './guard.ts';
import { classOf, createHttpCounts, UNANSWERED } from './http-counts.ts';

/** When a request began, on the request; 0 once it was counted. */
const START = Symbol('promvisor.start');
const STATUS = Symbol('promvisor.status');

/** A request of node:http or of undici. */
interface Timed {
  readonly method?: string;
  [START]?: number;
  [STATUS]?: number;
}
type TimedRequest = ClientRequest & Timed;
type TimedResponse = IncomingMessage & { readonly req: TimedRequest };

/** Requests that the app makes. */
export interface ClientCounts {
  /** Takes the first message about a request, and further ones. */
  onStart(message: unknown): void;
  /** Takes a message of `http.client.request.error`. */
  onError(message: unknown): void;
  rows(): readonly HistogramRow[];
}

/**
 * Counts requests of node:http, node:https, undici and fetch() to the end of the answer, by Node's and undici's own channels.
 * @param onCounted called for each request
 * @returns the counts
 */
export function createClientCounts(onCounted: () => void): ClientCounts {
  const counts = createHttpCounts('error');

  function end(request: Timed, statusClass: number): void {
    const start = request[START];
    if (start === 0) return;
    request[START] = 0;
    counts.add(request.method, statusClass, start === undefined ? 0 : performance.now() - start);
    onCounted();
  }
  function onResponseClose(this: TimedResponse): void {
    try {
      end(this.req, this.errored ? UNANSWERED : classOf(this.statusCode ?? 0));
    } catch {
      // The app must not die of its agent.
    }
  }

  const channels = process.getBuiltinModule('node:diagnostics_channel');
  const follow = <T>(name: string, take: (message: T) => void) => {
    channels.subscribe(
      name,
      guarded((message: unknown) => take(message as T)),
    ); // what the channel is documented to publish
  };
  follow('http.client.response.finish', ({ response }: { readonly response: TimedResponse }) => {
    // Published at the head of the answer.
    response.on('close', onResponseClose);
  });
  follow(
    'undici:request:headers',
    (message: { readonly request: Timed; readonly response: { statusCode: number } }) => {
      message.request[STATUS] = message.response.statusCode;
    },
  );
  follow('undici:request:trailers', ({ request }: { readonly request: Timed }) => {
    end(request, classOf(request[STATUS] ?? 0));
  });
  follow('undici:request:error', ({ request, error }: { readonly request: Timed; readonly error?: Error }) => {
    const status = request[STATUS];
    // The app has read as much as it wanted.
    const isEnough = status !== undefined && error?.name === 'AbortError';
    end(request, isEnough ? classOf(status) : UNANSWERED);
  });

  return {
    onStart(message) {
      const { request } = message as { readonly request: Timed };
      request[START] ??= performance.now();
    },
    onError(message) {
      const { request } = message as { readonly request: TimedRequest & { readonly res?: IncomingMessage | null } };
      // With an answer under way, its end tells.
      if (!request.res) end(request, UNANSWERED);
    },
    rows: counts.rows,
  };
}
