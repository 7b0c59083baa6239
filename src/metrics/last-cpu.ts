import type { EndedProcess, Usage } from '../os/reaped.ts';
import { countsOfUsage } from './totals.ts';
import type { TreeMemory } from './tree-memory.ts';

/** Roots that were replaced and have not ended yet: more than one or two are no reload but a mistake. */
const MOST_FORMER = 4;

/**
 * What the looks at a tree have counted of the processes that are in it, with what they inherited or will.
 * @param memory of the instance
 * @returns by dimension
 */
function countedOf({ processes, lost }: TreeMemory): number[] {
  const sums = [...lost];
  for (const { values, debt } of processes.values()) {
    for (const at of sums.keys()) sums[at] = (sums[at] ?? 0) + (values[at] ?? 0) + (debt[at] ?? 0);
  }
  return sums;
}

/**
 * Keeps what was counted of a root that is about to be forgotten, until it ends.
 * @param memory of the instance, still with that root
 */
export function keepFormer(memory: TreeMemory): void {
  if (memory.root === null) return;
  const { pid, startTicks } = memory.root;
  memory.former.push({ pid, startTicks, counted: countedOf(memory) });
  if (memory.former.length > MOST_FORMER) memory.former.shift();
}

/**
 * Takes what was counted of a root out of the memory.
 * @param memory of the instance
 * @param ended the root
 * @returns by dimension; zeros for one that no look has seen
 */
function takeCounted(memory: TreeMemory, ended: EndedProcess): readonly number[] {
  const isIt = (root: { readonly pid: number; readonly startTicks: number } | null) =>
    root?.pid === ended.pid && root.startTicks === ended.startTicks;
  if (isIt(memory.root)) return countedOf(memory);
  const at = memory.former.findIndex(isIt);
  return at < 0 ? countsOfUsage(null) : (memory.former.splice(at, 1)[0]?.counted ?? []);
}

/**
 * Adds what ended processes used and no look has counted: never too much, as what was counted of children that their
 * parent did not wait for is taken off too. Some that ended together share it.
 * @param ended the roots with the memory of their instance
 * @param used by all of them
 */
export function addLast(ended: readonly (EndedProcess & { readonly memory: TreeMemory })[], used: Usage): void {
  const rest = countsOfUsage(used);
  for (const root of ended) {
    const counted = takeCounted(root.memory, root);
    for (const at of rest.keys()) rest[at] = (rest[at] ?? 0) - (counted[at] ?? 0);
  }
  for (const { memory } of ended) {
    for (const [at, more] of rest.entries()) {
      memory.sums[at] = (memory.sums[at] ?? 0) + Math.max(0, more) / ended.length;
    }
  }
}
