/** What came of one push: an answer of HTTP, or none. */
export type Answer =
  | {
      readonly type: 'http';
      readonly status: number;
      /** The begin of the body, for people and for what it tells of refused lines. */
      readonly body: string;
      /** What the header Retry-After asks for, or null. */
      readonly retryAfterMs: number | null;
    }
  | { readonly type: 'failed'; readonly kind: 'timeout' | 'network'; readonly message: string };

/** Why lines did not get to Loki. */
export const SHIP_DROP_REASONS = [
  'rejected_400',
  'rejected_4xx',
  'line_too_long',
  'rejected_500',
  'too_old',
  'retention',
] as const;
export type ShipDropReason = (typeof SHIP_DROP_REASONS)[number];
/** Those of them that an answer decides, other than the lines that a 400 leaves out. */
export type PushDropReason = Extract<ShipDropReason, 'rejected_4xx' | 'line_too_long' | 'rejected_500'>;

export type Decision =
  | { readonly type: 'accepted' }
  /** Taken without the lines that Loki refuses; how many those are. */
  | { readonly type: 'partial'; readonly rejected: number }
  | { readonly type: 'drop'; readonly reason: PushDropReason }
  /** Too much for one push: each half is to be pushed alone. */
  | { readonly type: 'split' }
  | { readonly type: 'retry'; readonly leastMs: number };

export interface PushFacts {
  /** Lines in the push. */
  readonly entries: number;
  /** Answers 500 that this very push has had before. */
  readonly refusals: number;
  /** True when Loki took another push since this one was refused first: then it is the push, not Loki. */
  readonly lokiWorks: boolean;
}

/** Tries of a single line that gets 500 while nothing else tells whether Loki works: 8 minutes with the default waits. */
const MOST_REFUSALS = 20;
/** A Retry-After beyond this is a mistake. */
const LONGEST_RETRY_AFTER_MS = 5 * 60_000;

/**
 * Decides what an answer means.
 * - 2xx: done (260 is what a Loki whose ingestion is blocked says by default: it wants no repetition).
 * - 400: lines that are refused are refused for ever, the others were taken: never again.
 * - 413, or 500 more than once: more than a push may be (a gRPC message of 4 MiB comes out as 500), so halves; a single
 *   line is given up.
 * - 408, 429, other 5xx, no answer, a redirect: again later, without end.
 * - every other 4xx: never again.
 * @param answer what came
 * @param facts about the push
 * @returns what to do
 * @see https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs
 */
export function decide(answer: Answer, { entries, refusals, lokiWorks }: PushFacts): Decision {
  if (answer.type === 'failed') return { type: 'retry', leastMs: 0 };
  const { status, retryAfterMs } = answer;
  const retry: Decision = { type: 'retry', leastMs: Math.min(retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS) };
  if (status >= 200 && status < 300) return { type: 'accepted' };
  if (status === 400) return { type: 'partial', rejected: Math.min(entries, rejectedIn(answer.body) ?? entries) };
  if (status === 413) return entries > 1 ? { type: 'split' } : { type: 'drop', reason: 'line_too_long' };
  if (status === 500) {
    if (refusals === 0) return retry;
    if (entries > 1) return { type: 'split' };
    if (lokiWorks || refusals >= MOST_REFUSALS) return { type: 'drop', reason: 'rejected_500' };
    return retry;
  }
  if (status === 408 || status === 429 || status >= 500 || status < 400) return retry;
  return { type: 'drop', reason: 'rejected_4xx' };
}

/**
 * Finds in the words of a 400 how many lines it was about.
 * @param body the begin of it
 * @returns null when it does not tell, as for a push that is wrong as a whole
 */
function rejectedIn(body: string): number | null {
  // The ingester: "total ignored: 3 out of 500 for stream: …"; the distributor: "2 errors like: …", or the one error.
  const ignored = sumOf(body, /total ignored: (\d+) out of \d+/g);
  const grouped = sumOf(body, /(\d+) errors? like: /g);
  if (ignored + grouped > 0) return ignored + grouped;
  return /^(?:entry for stream|max entry size)\b/i.test(body.trim()) ? 1 : null;
}

function sumOf(text: string, pattern: RegExp): number {
  let sum = 0;
  for (const [, digits] of text.matchAll(pattern)) sum += Number(digits);
  return sum;
}

/**
 * Reads a Retry-After header.
 * @param value seconds or an HTTP date
 * @param nowMs Unix time in milliseconds
 * @returns how long to wait, or null when it says nothing
 * @see https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export function readRetryAfter(value: string | undefined, nowMs: number): number | null {
  if (value === undefined || value.trim() === '') return null;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return seconds < 0 ? null : Math.round(seconds * 1000);
  const atMs = Date.parse(value);
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}

/** Answers that lead to another try, as label values. */
export const RETRY_CODES = ['408', '429', '500', '502', '503', '504', 'timeout', 'network', 'other'] as const;
export type RetryCode = (typeof RETRY_CODES)[number];

/**
 * Names an answer for the label `code` of the tries.
 * @param answer what came
 */
export function retryCodeOf(answer: Answer): RetryCode {
  const code = codeOf(answer);
  return RETRY_CODES.find((known) => known === code) ?? 'other';
}

/**
 * Names an answer for the label `code`: its status, else `timeout` or `network`.
 * @param answer what came
 */
export function codeOf(answer: Answer): string {
  return answer.type === 'http' ? String(answer.status) : answer.kind;
}

/**
 * Words of an answer for people.
 * @param answer what came
 */
export function wordsOf(answer: Answer): string {
  if (answer.type === 'failed') return answer.message;
  const body = answer.body.trim().replaceAll(/\s+/g, ' ').slice(0, 300);
  return body === '' ? `status ${answer.status}` : `status ${answer.status}: ${body}`;
}
