import { type Failure, startLoad as startPaced } from '../../bench/lib/load.mjs';

export interface LoadOptions {
  /** http: or https: (any certificate is accepted), with a port. */
  readonly url: string;
  /** Connections are kept, or each request has one of its own. */
  readonly keepAlive: boolean;
  /** Requests under way at most. */
  readonly concurrency?: number;
  readonly perSecond?: number;
  /** From when on a request without an answer counts as failed. */
  readonly hungMs?: number;
}

export interface LoadReport {
  /** Sent: answered and failed ones together. */
  readonly requests: number;
  /** Everything but a whole answer with status 200 to a request that was sent; nothing is sent twice. */
  readonly failed: number;
  /** The first two hundred of them, with details. */
  readonly failures: readonly Failure[];
  /** How often each body came. */
  readonly bodies: ReadonlyMap<string, number>;
  /** Kept connections that the server closed between two requests, which is no failure. */
  readonly closedIdle: number;
}

export interface RunningLoad {
  /** Sent so far; a test waits for it to pass a number before it reloads, and after. */
  readonly requests: number;
  /** Sends no more, waits for what is under way, closes everything. */
  stop(): Promise<LoadReport>;
}

/**
 * Sends requests at a steady pace until it is stopped: the client of the reload bench, in this process.
 * @param options what to load, and how
 * @see bench/lib/load.mjs
 */
export function startLoad({ perSecond = 500, ...options }: LoadOptions): RunningLoad {
  const load = startPaced({ perSecond, ...options });
  return {
    get requests() {
      return load.requests;
    },
    async stop() {
      const { requests, failed, failures, bodies, closedIdle } = await load.stop();
      return { requests, failed, failures, bodies: new Map(Object.entries(bodies)), closedIdle };
    },
  };
}
