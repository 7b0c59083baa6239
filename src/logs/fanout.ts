import { linesOf } from './format.ts';
import type { LogRecord, LogSource } from './record.ts';

/** Takes one line; false when it can hold no more: the subscriber is then cut off. */
export type OnRecord = (record: LogRecord) => boolean;

/** Lines as they come, for whoever listens. Keeps nothing, waits for nobody. */
export interface LogFanout {
  /**
   * Listens from now on.
   * @param filter true for the ids of the instances whose lines are wanted
   * @param onRecord takes the lines
   * @param onCutOff told, once, that it was too slow and gets nothing any more
   * @returns ends the subscription
   */
  subscribe(filter: (id: number) => boolean, onRecord: OnRecord, onCutOff: () => void): () => void;
  /** Gives whole lines to the subscribers; free when there is none. */
  publish(source: LogSource, chunk: Buffer, atMs: number): void;
}

interface Subscriber {
  readonly filter: (id: number) => boolean;
  readonly onRecord: OnRecord;
  readonly onCutOff: () => void;
}

/**
 * Makes the fanout of a daemon.
 * @returns without subscribers
 */
export function createLogFanout(): LogFanout {
  const subscribers = new Set<Subscriber>();

  function publish(source: LogSource, chunk: Buffer, atMs: number): void {
    if (subscribers.size === 0) return;
    const wanting = [...subscribers].filter((subscriber) => subscriber.filter(source.id));
    if (wanting.length === 0) return;
    const { id, app, slot, stream } = source;
    for (const text of linesOf(chunk)) {
      const record: LogRecord = { type: 'line', id, app, slot, stream, atMs, text };
      for (const subscriber of wanting) deliver(subscriber, record);
    }
  }

  function deliver(subscriber: Subscriber, record: LogRecord): void {
    if (!subscribers.has(subscriber) || subscriber.onRecord(record)) return;
    subscribers.delete(subscriber);
    subscriber.onCutOff();
  }

  return {
    subscribe(filter, onRecord, onCutOff) {
      const subscriber = { filter, onRecord, onCutOff };
      subscribers.add(subscriber);
      return () => void subscribers.delete(subscriber);
    },
    publish,
  };
}
