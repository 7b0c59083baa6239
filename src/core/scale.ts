/** An instance that is there. */
export interface Slot {
  readonly id: number;
  /** Number within the app, from 0. */
  readonly slot: number;
}

/** What a `scale` comes to. */
export type ScalePlan =
  | { readonly add: number }
  /** Ids to remove, highest slot first. */
  | { readonly remove: readonly number[] }
  | { readonly nothing: true }
  /** What is wrong with the text, in words for people. */
  | { readonly error: string };

/** Above this it is a slip of the keyboard. */
export const MOST_INSTANCES = 1_000;
const SCALE_TEXT = /^([+-]?)(\d{1,9})$/;

/**
 * Reads how many instances are wanted, as PM2's `scale` takes it.
 * @param text `N` for so many, `+N` for so many more, `-N` for so many fewer
 * @param present the instances that are there
 * @returns what to do; at least one instance always remains
 */
export function planScale(text: string, present: readonly Slot[]): ScalePlan {
  const [, sign, digits] = SCALE_TEXT.exec(text) ?? [];
  if (digits === undefined) return { error: `instances: expected N, +N or -N with a whole number N, got "${text}"` };
  const wanted = wantedOf(sign, Number(digits), present.length);
  const grows = wanted - present.length;
  const there = sign === '' ? '' : ` with ${present.length} there`;
  // To what is there already nothing is to be done, wherever the bounds lie.
  if (grows === 0 && present.length > 0) return { nothing: true };
  if (wanted < 1) return { error: `instances: expected at least 1 to remain, got "${text}"${there}` };
  if (grows < 0) return { remove: highestFirst(present).slice(0, -grows) };
  if (wanted > MOST_INSTANCES) return { error: `instances: expected at most ${MOST_INSTANCES}, got "${text}"${there}` };
  return { add: grows };
}

function wantedOf(sign: string | undefined, count: number, present: number): number {
  if (sign === '+') return present + count;
  return sign === '-' ? present - count : count;
}

function highestFirst(present: readonly Slot[]): number[] {
  return [...present].sort((a, b) => b.slot - a.slot || b.id - a.id).map(({ id }) => id);
}
