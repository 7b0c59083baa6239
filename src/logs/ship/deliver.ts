import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Clock } from '../../base/clock.ts';
import { type Answer, codeOf, decide, type PushDropReason, retryCodeOf, wordsOf } from './answer.ts';
import { type BackoffOptions, backoffMs, wait } from './backoff.ts';
import type { Batch } from './batch.ts';
import { type AppName, countDropped, countDuration, countSent, type ShipFigures } from './figures.ts';
import type { Sender } from './sender.ts';

const compress = promisify(gzip);

/** Entries of a batch, from one up to another. */
interface Range {
  readonly from: number;
  readonly to: number;
  /** Was taken already, ahead of those before it. */
  readonly taken?: boolean;
}

export interface Delivery {
  readonly batch: Batch;
  readonly name: AppName;
  /** Told of entries, in their order, once it is known what became of them. */
  onSettled(from: number, to: number): void;
  /** Gives up when aborted: what is not settled stays where it is. */
  readonly signal: AbortSignal;
}

export interface DeliveryOptions {
  readonly sender: Sender;
  readonly clock: Clock;
  readonly figures: ShipFigures;
  readonly backoff: BackoffOptions;
  readonly random: () => number;
  /** Aborted once nobody waits for a Loki that is away: the daemon ends. */
  readonly hurry: AbortSignal;
  /** Told of what operators should know: a refused push, a Loki that does not answer. */
  onProblem(message: string): void;
}

/** Brings a batch to Loki, whatever it takes. */
export type Deliver = (delivery: Delivery) => Promise<boolean>;

/**
 * Makes the delivery.
 * @param options the way to Loki and who counts
 * @returns a function that resolves to true when all of the batch is settled, false when it was given up
 */
export function createDeliver(options: DeliveryOptions): Deliver {
  const { sender, clock, figures } = options;
  /** When a push was accepted last. */
  let acceptedAtMs = Number.NEGATIVE_INFINITY;

  async function push({ batch, signal }: Delivery, { from, to }: Range): Promise<Answer> {
    const body = await compress(batch.body(from, to), { level: 1, chunkSize: 64 * 1024 });
    const startedAtMs = clock.nowMs();
    const answer = await sender.push(body, signal);
    if (signal.aborted) return answer;
    countDuration(figures, codeOf(answer), clock.nowMs() - startedAtMs);
    return answer;
  }

  function accept({ batch, name }: Delivery, { from, to }: Range, rejected = 0): void {
    const bytes = batch.lineBytes(from, to);
    const entries = to - from;
    const lost = entries === 0 ? 0 : Math.round((bytes * rejected) / entries);
    if (rejected > 0) countDropped(figures, name, { reason: 'rejected_400', entries: rejected, bytes: lost });
    countSent(figures, name, entries - rejected, bytes - lost);
    figures.batches++;
    figures.lastSuccessMs = clock.wallMs();
    if (rejected < entries) acceptedAtMs = clock.nowMs();
  }

  function complain(answer: Answer, what: string): void {
    const message = wordsOf(answer);
    figures.lastError = { atMs: clock.wallMs(), message };
    options.onProblem(`${what}: ${message}`);
  }

  return async (delivery) => {
    const { batch, name, signal, onSettled } = delivery;
    let ranges: Range[] = [{ from: 0, to: batch.entries() }];
    let attempt = 0;
    let refusals = 0;
    let troubleAtMs = Number.POSITIVE_INFINITY;

    async function pause(leastMs: number): Promise<void> {
      const delayMs = Math.max(leastMs, backoffMs(attempt, options.random(), options.backoff));
      attempt++;
      await wait(clock, delayMs, signal, options.hurry);
    }

    /** Whether it is this line or Loki that makes the 500: the next line tells. */
    async function probe(): Promise<boolean> {
      const [single, next, ...rest] = ranges;
      if (single === undefined || next === undefined || next.taken === true) return false;
      const one = { from: next.from, to: next.from + 1, taken: true };
      const answer = await push(delivery, one);
      if (signal.aborted || decide(answer, { entries: 1, refusals: 0, lokiWorks: false }).type !== 'accepted')
        return false;
      accept(delivery, one);
      ranges = [single, one, { from: one.to, to: next.to }, ...rest].filter(({ from, to }) => from < to);
      return true;
    }

    function drop(range: Range, answer: Answer, reason: PushDropReason): void {
      const entries = range.to - range.from;
      countDropped(figures, name, { reason, entries, bytes: batch.lineBytes(range.from, range.to) });
      complain(answer, `${name.app}: ${entries} lines were dropped (${reason})`);
    }

    for (let [range] = ranges; range !== undefined; [range] = ranges) {
      const { from, to } = range;
      const settled = range.taken === true || (await settle(range));
      if (signal.aborted) return false;
      if (settled) {
        ranges = ranges.slice(1);
        refusals = 0;
        attempt = 0;
        troubleAtMs = Number.POSITIVE_INFINITY;
        onSettled(from, to);
      } else if (options.hurry.aborted) return false;
    }

    /** Pushes a range once; true when it is known what became of it. */
    async function settle(range: Range): Promise<boolean> {
      const startedAtMs = clock.nowMs();
      const answer = await push(delivery, range);
      if (signal.aborted) return false;
      const { from, to } = range;
      const lokiWorks = acceptedAtMs > troubleAtMs && startedAtMs >= acceptedAtMs;
      const decision = decide(answer, { entries: to - from, refusals, lokiWorks });
      switch (decision.type) {
        case 'accepted':
          accept(delivery, range);
          return true;
        case 'partial':
          complain(answer, `${name.app}: ${decision.rejected} lines were refused (rejected_400)`);
          accept(delivery, range, decision.rejected);
          return true;
        case 'drop':
          drop(range, answer, decision.reason);
          return true;
        case 'split': {
          const middle = (from + to) >>> 1;
          // The halves count as refused as well: no waits down to the line that it is about.
          ranges = [{ from, to: middle }, { from: middle, to }, ...ranges.slice(1)];
          return false;
        }
        case 'retry': {
          figures.retries[retryCodeOf(answer)]++;
          complain(answer, `${name.app}: a push is tried again`);
          if (troubleAtMs === Number.POSITIVE_INFINITY) troubleAtMs = clock.nowMs();
          const refused = answer.type === 'http' && answer.status === 500;
          const single = refused && refusals > 0 && to - from === 1 && !options.hurry.aborted;
          if (refused) refusals++;
          if (!single || !(await probe())) await pause(decision.leastMs);
          return false;
        }
        default:
          return decision satisfies never;
      }
    }
    return true;
  };
}
