/** `GET /v1/loki/status`: what was shipped since the daemon started, and what waits on disk. */
export interface LokiStatusView {
  /** False without the setting loki.url; then the rest is empty. */
  readonly enabled: boolean;
  /** Where pushes go, without credentials. */
  readonly url: string | null;
  /** How long the oldest line has waited that is not shipped, 0 without one. */
  readonly lagSeconds: number;
  /** On disk, as it lies there: a rolled file may be compressed. */
  readonly pendingBytes: number;
  /** Unix milliseconds. */
  readonly lastSuccessMs: number | null;
  readonly lastError: { readonly atMs: number; readonly message: string } | null;
  readonly sentEntries: number;
  readonly sentBytes: number;
  /** Repetitions by status, or `timeout`, or `network`. */
  readonly retries: Readonly<Record<string, number>>;
  /** Lines by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  readonly apps: readonly LokiAppView[];
}

export interface LokiAppView {
  readonly app: string;
  readonly namespace: string;
  readonly lagSeconds: number;
  readonly pendingBytes: number;
  readonly sentEntries: number;
  readonly sentBytes: number;
  readonly dropped: Readonly<Record<string, number>>;
}

/** `POST /v1/loki/test`: what came of one line. */
export interface LokiTestView {
  readonly url: string;
  /** True when Loki took it. */
  readonly ok: boolean;
  /** Null when there was no answer. */
  readonly status: number | null;
  /** The begin of the answer's body, empty for most successes. */
  readonly body: string;
  /** Why there was no answer. */
  readonly error: string | null;
  readonly durationMs: number;
  /** Labels of the line, by which it is found. */
  readonly labels: Readonly<Record<string, string>>;
  readonly line: string;
}
