import type { HostFact } from '../base/host-protocol.ts';

/** Facts that the daemon has not taken yet, numbered from 1. */
export interface FactLog {
  add(fact: HostFact): void;
  /** Forgets what was taken. */
  ack(seq: number): void;
  /** The oldest kept fact behind a number. */
  next(seq: number): { readonly seq: number; readonly fact: HostFact } | null;
  /** How many are kept. */
  pending(): number;
  /** How many were forgotten because nobody took them. */
  lost(): number;
}

/**
 * Makes an empty log.
 * @param limit most facts kept; beyond it the oldest go
 */
export function createFactLog(limit: number): FactLog {
  const kept: HostFact[] = [];
  let firstSeq = 1;
  let lost = 0;

  function drop(count: number): void {
    kept.splice(0, count);
    firstSeq += count;
  }

  return {
    add(fact) {
      kept.push(fact);
      if (kept.length <= limit) return;
      drop(1);
      lost++;
    },
    ack(seq) {
      const count = Math.min(seq - firstSeq + 1, kept.length);
      if (count > 0) drop(count);
    },
    next(seq) {
      const at = Math.max(seq + 1, firstSeq);
      const fact = kept[at - firstSeq];
      return fact === undefined ? null : { seq: at, fact };
    },
    pending: () => kept.length,
    lost: () => lost,
  };
}
