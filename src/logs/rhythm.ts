import type { Clock } from '../base/clock.ts';

/**
 * Pipes that get a little all the time are read together, at this pace: waking up, once for each of their writes, is
 * most of what they cost. A pipe holds 64 KiB, so that who writes less than 4 MB/s never waits for it.
 */
const EVERY_MS = 15;
/** A piece of this size is from a pipe that is filled faster than it is looked at: it is read without a break. */
export const MUCH_BYTES = 40 * 1024;
/** Two pieces that are no further apart than this belong to a steady flow. */
const STEADY_MS = 45;
/** So many in a row, before a pipe is read at the pace. */
const STEADY_READS = 4;
/** A pipe that was found full is read without a break for so long: who writes to it would wait for the pace. */
const FLOOD_MS = 10;
/** A pipe that was empty so often in a row is waited for again. */
const EMPTY_LOOKS = Math.ceil(STEADY_MS / EVERY_MS);

/** What was in a pipe at a look: a little, enough to read on at once, nothing; `over` for an end or an error. */
export type Look = 'some' | 'much' | 'nothing' | 'over';

/** A pipe that can be read at the pace. */
export interface Beat {
  /** Reads what is there. */
  look(): Look;
  /** It is not read at the pace any more: whoever waits for it waits again. */
  leave(): void;
}

/** Decides for one pipe between waiting for it and reading it at the pace. */
export interface Follower {
  /** A piece was read that was waited for. True when the pipe is read at the pace from now on, so: wait no more. */
  hasRead(bytes: number): boolean;
  /** Reads what is there when it is read at the pace: so that nothing younger is taken before it. */
  catchUp(): void;
  /** Ends the reading at the pace, without a call of `leave`. */
  stop(): void;
}

/** The pace that all pipes of a daemon share. */
export interface Rhythm {
  follow(beat: Beat): Follower;
}

interface Member {
  readonly beat: Beat;
  empty: number;
  /** Not at the pace before then. */
  notBeforeMs: number;
}

/**
 * Makes a rhythm.
 * @param clock for the pace
 * @returns no timer runs while no pipe is read at the pace
 */
export function createRhythm(clock: Clock): Rhythm {
  const members = new Set<Member>();
  let ticking = false;

  function tick(): void {
    ticking = false;
    for (const member of members) look(member);
    if (members.size > 0) tickLater();
  }

  function tickLater(): void {
    if (ticking) return;
    ticking = true;
    clock.after(EVERY_MS, tick);
  }

  function look(member: Member): void {
    const found = member.beat.look();
    member.empty = found === 'nothing' ? member.empty + 1 : 0;
    if (found === 'some' || (found === 'nothing' && member.empty < EMPTY_LOOKS)) return;
    if (found === 'much') member.notBeforeMs = clock.nowMs() + FLOOD_MS;
    members.delete(member);
    member.beat.leave();
  }

  return {
    follow(beat) {
      const member: Member = { beat, empty: 0, notBeforeMs: Number.NEGATIVE_INFINITY };
      let reads = 0;
      let readMs = Number.NEGATIVE_INFINITY;
      return {
        hasRead(bytes) {
          const nowMs = clock.nowMs();
          const isSteady = bytes < MUCH_BYTES && nowMs - readMs < STEADY_MS && nowMs >= member.notBeforeMs;
          readMs = nowMs;
          reads = isSteady ? reads + 1 : 0;
          if (reads < STEADY_READS) return false;
          reads = 0;
          member.empty = 0;
          members.add(member);
          tickLater();
          return true;
        },
        catchUp() {
          if (members.has(member)) look(member);
        },
        stop() {
          members.delete(member);
        },
      };
    },
  };
}
