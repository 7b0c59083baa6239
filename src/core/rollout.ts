/** A reload of several instances, some at a time: who has yet to begin, who is under way, how it went so far. */
export interface Rollout {
  /** How many may be under way at once, at least 1. */
  readonly parallel: number;
  /** Ids that have not begun, in their order; after a failure they stay here for good. */
  readonly waiting: readonly number[];
  readonly underWay: readonly number[];
  readonly done: readonly number[];
  /** What went wrong, first failure first; one is enough to abort. */
  readonly failed: readonly RolloutFailure[];
}

export interface RolloutFailure {
  readonly id: number;
  /** Text for people. */
  readonly message: string;
}

/** How the reload of one instance ended. */
export type RolloutOutcome = { readonly ok: true } | { readonly ok: false; readonly message: string };

/**
 * Plans a reload; nothing has begun.
 * @param ids instances in the order in which they are to begin; one that is named twice is reloaded once
 * @param parallel how many may be under way at once; less than 1 counts as 1
 */
export function newRollout(ids: readonly number[], parallel: number): Rollout {
  return { parallel: Math.max(1, parallel), waiting: [...new Set(ids)], underWay: [], done: [], failed: [] };
}

/**
 * Begins as many as may begin now.
 * @param rollout the plan so far
 * @returns the plan after, and the ids to begin now: none after a failure
 */
export function begin(rollout: Rollout): { readonly rollout: Rollout; readonly ids: readonly number[] } {
  const { waiting, underWay, parallel } = rollout;
  const room = isAborted(rollout) ? 0 : Math.max(0, parallel - underWay.length);
  if (room === 0 || waiting.length === 0) return { rollout, ids: [] };
  const ids = waiting.slice(0, room);
  return { rollout: { ...rollout, waiting: waiting.slice(room), underWay: [...underWay, ...ids] }, ids };
}

/**
 * Notes how one ended; what else is under way goes on to its own end.
 * @param rollout the plan so far
 * @param id an instance that is under way; any other changes nothing
 * @param outcome how it ended
 */
export function finished(rollout: Rollout, id: number, outcome: RolloutOutcome): Rollout {
  if (!rollout.underWay.includes(id)) return rollout;
  const underWay = rollout.underWay.filter((other) => other !== id);
  if (outcome.ok) return { ...rollout, underWay, done: [...rollout.done, id] };
  return { ...rollout, underWay, failed: [...rollout.failed, { id, message: outcome.message }] };
}

/** One has failed: nothing more is begun. */
export function isAborted(rollout: Rollout): boolean {
  return rollout.failed.length > 0;
}

/** Nothing is under way and nothing will be begun any more. */
export function isOver(rollout: Rollout): boolean {
  return rollout.underWay.length === 0 && (rollout.waiting.length === 0 || isAborted(rollout));
}
