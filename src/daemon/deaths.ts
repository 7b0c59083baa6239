import type { Clock } from '../base/clock.ts';
import type { ExitHint } from '../core/exit.ts';
import { hintFrom } from '../core/last-words.ts';
import type { OomWitness } from '../os/kernel-oom.ts';
import { groupExists, treeOf } from '../os/process-tree.ts';
import type { Instance, LiveProcess } from './instance.ts';

/** How often the rest of a tree is looked at, once its root is gone. */
const TREE_POLL_MS = 20;

export interface RootExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** What is known of it from elsewhere. */
  readonly hint?: ExitHint;
}

/** Turns the end of a process into facts for the machine. */
export interface Deaths {
  onRootExit(instance: Instance, process: LiveProcess, exit: RootExit): void;
  /** Watches until nothing of the tree is left, then says so. */
  awaitTree(instance: Instance, process: LiveProcess): void;
}

export interface DeathsOptions {
  readonly clock: Clock;
  readonly oom: OomWitness;
  /** Told of each at once: what it used is counted in this turn of the event loop. */
  readonly onEnded: (instance: Instance, process: LiveProcess) => void;
  /** Told of each, after the machine. */
  readonly onDead: (instance: Instance, process: LiveProcess) => void;
}

export function createDeaths(options: DeathsOptions): Deaths {
  const watched = new WeakSet<LiveProcess>();

  function awaitTree(instance: Instance, process: LiveProcess): void {
    if (watched.has(process)) return;
    watched.add(process);
    look();

    function look(): void {
      const gone = treeOf(process.identity).length === 0;
      const { generation } = process;
      const { state } = instance;
      const isMain = state.phase.status === 'stopping' && state.generation === generation;
      const waits = isMain || state.beside?.generation === generation;
      if (gone) instance.post({ type: 'tree_gone', generation });
      else if (waits) options.clock.after(TREE_POLL_MS, look);
    }
  }

  function onRootExit(instance: Instance, process: LiveProcess, exit: RootExit): void {
    const { code, signal } = exit;
    const { generation } = process;
    process.exited = true;
    options.onEnded(instance, process);
    // The dead write no more: what they said is in the pipe, and it may tell why they died.
    instance.logs.drain(generation);
    const hint = exit.hint ?? hintOf(instance, process, exit);
    const leftovers = instance.spec.policy.treekill && leavesBehind(instance, process);
    instance.post({ type: 'exited', generation, exit: { code, signal, hint }, leftovers });
    options.onDead(instance, process);
    if (leftovers) awaitTree(instance, process);
  }

  function hintOf(instance: Instance, process: LiveProcess, exit: RootExit): ExitHint {
    if (exit.code === 0) return null;
    const hint = hintFrom(lastWords(instance, process), exit);
    if (hint !== null) return hint;
    const { phase, beside } = instance.state;
    const main = phase.status === 'stopping' && phase.killed;
    const leaving = beside?.role === 'leaving' && beside.stage === 'killed';
    const ours = main || leaving;
    return exit.signal === 'SIGKILL' && !ours && options.oom.sawKill() ? 'kernel_oom' : null;
  }

  return { onRootExit, awaitTree };
}

/** A command waits for the whole session; after a crash one cheap look at the process group must do. */
function leavesBehind(instance: Instance, process: LiveProcess): boolean {
  const { phase, beside } = instance.state;
  if (phase.status === 'stopping' || beside?.generation === process.generation)
    return treeOf(process.identity).length > 0;
  return groupExists(process.pid);
}

/** What this process, and none before it, wrote last to stderr. */
function lastWords({ logs }: Instance, { generation }: LiveProcess): string {
  return logs.lastBytes('error', generation).toString('utf8');
}
