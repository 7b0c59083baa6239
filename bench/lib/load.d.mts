/** What can become of a request, other than an answer with status 200. */
export type FailureKind = 'refused' | 'reset' | 'wrong' | 'hung' | 'other';

export interface Failure {
  readonly kind: FailureKind;
  readonly message: string;
  /** When the request was sent, since the start of the load. */
  readonly atMs: number;
}

export interface LoadOptions {
  /** http: or https: (any certificate is accepted), with a port. */
  readonly url: string;
  /** Connections are kept, or each request has one of its own. */
  readonly keepAlive: boolean;
  /** Requests under way at most; further ones that are due are skipped. */
  readonly concurrency?: number;
  readonly perSecond?: number;
  readonly hungMs?: number;
}

export interface LoadResult {
  /** Sent: answered and failed ones together. */
  readonly requests: number;
  readonly answered: number;
  readonly failed: number;
  readonly kinds: Readonly<Record<FailureKind, number>>;
  /** The first of them, with details. */
  readonly failures: readonly Failure[];
  /** How often each body came (the first two hundred different ones). */
  readonly bodies: Readonly<Record<string, number>>;
  /** Not sent, as everything was under way: the server is slower than the pace. */
  readonly skipped: number;
  /** Kept connections that the server closed between two requests. */
  readonly closedIdle: number;
  readonly elapsedMs: number;
}

export interface Load {
  /** Sent so far. */
  readonly requests: number;
  /** Sends no more, waits for what is under way, closes everything. */
  stop(): Promise<LoadResult>;
}

export function startLoad(options: LoadOptions): Load;
