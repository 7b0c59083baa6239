import type { ExitStatus } from '../../src/core/exit.ts';
import { newInstance, step } from '../../src/core/machine.ts';
import type { PolicySpec } from '../../src/core/spec.ts';
import type { Effect, Fact, InstanceEvent, InstanceState } from '../../src/core/states.ts';
import { type Act, type Fate, type History, staleFact } from './history.ts';

/** The processes of one generation as they really are, known to the machine or not. */
export interface Tree {
  readonly generation: number;
  readonly fate: Fate;
  root: 'coming' | 'alive' | 'gone';
  child: boolean;
  /** The machine was told that the root is gone. */
  seenToExit: boolean;
  /** The machine was told of the death and did not wait for what was left. */
  abandoned: boolean;
  saidReady: boolean;
  /** No later fact of this process may come before this time. */
  floorMs: number;
}

/** One step of the machine, seen from outside, before its effects are performed. */
export interface Moment {
  readonly nowMs: number;
  readonly jitter: number;
  readonly policy: PolicySpec;
  readonly event: InstanceEvent;
  readonly before: InstanceState;
  readonly after: InstanceState;
  readonly effects: readonly Effect[];
}

/** Looks at every step, and at the world when nothing can happen any more. */
export interface Watcher {
  onStep(moment: Moment, trees: ReadonlyMap<number, Tree>): void;
  onRest(world: World): void;
}

interface Due {
  readonly atMs: number;
  /** It happens in the daemon, and goes with it. */
  readonly inDaemon: boolean;
  readonly run: () => void;
}

const MOST_STEPS_BEFORE_STOP = 250;
/** A machine that never gets this far in time is broken, and the laws say how. */
const MOST_STEPS = 3_000;
const UNKNOWN: ExitStatus = { code: null, signal: null, hint: null };
const KILLED: ExitStatus = { code: null, signal: 'SIGKILL', hint: null };

/** Virtual time, fake processes, and a shell that performs the effects of one machine. */
export class World {
  state: InstanceState = newInstance(0);
  readonly trees = new Map<number, Tree>();
  readonly moments: Moment[] = [];
  readonly armed = new Set<number>();
  #nowMs = 0;
  #policy: PolicySpec;
  #lags = 0;
  #actsLeft: number;
  #closing = false;
  readonly #due: Due[] = [];
  readonly #facts: Fact[] = [];
  readonly #history: History;
  readonly #watcher: Watcher;

  constructor(history: History, watcher: Watcher) {
    this.#history = history;
    this.#watcher = watcher;
    this.#policy = history.policy;
    this.#actsLeft = history.acts.length;
  }

  /** Plays the acts, then the person's stop, then only triggers, until nothing is left that could happen. */
  play(): this {
    let atMs = 0;
    for (const { afterMs, act } of this.#history.acts) {
      atMs += afterMs;
      this.#at(atMs, () => this.#act(act));
    }
    while (this.#actsLeft > 0 && this.moments.length < MOST_STEPS_BEFORE_STOP) this.#next();
    this.#at(this.#history.stopAfterMs, () => this.#lastWord());
    while (!this.#closing && this.moments.length < MOST_STEPS) this.#next();
    while (this.#due.length > 0 && this.moments.length < MOST_STEPS) this.#next();
    this.#watcher.onRest(this);
    return this;
  }

  /** True when nothing is left that could happen. */
  get quiet(): boolean {
    return this.#due.length === 0;
  }

  #act(act: Act): void {
    this.#actsLeft -= 1;
    if (this.#closing) return;
    switch (act.type) {
      case 'command':
        this.#take(act.command);
        break;
      case 'policy':
        this.#policy = act.policy;
        break;
      case 'memory':
        this.#swell(this.trees.get(this.state.generation));
        break;
      case 'crash':
        this.#crash();
        break;
      case 'echo': {
        const fact = this.#facts.at(-1 - act.back);
        if (fact) this.#take(fact);
        break;
      }
      case 'stale':
        this.#take(staleFact(this.state, act.kind, act.off));
        break;
      default:
        act satisfies never;
    }
  }

  /** What was under way to the daemon is lost, and its timers; the next one has the state, and looks around. */
  #crash(): void {
    const kept = this.#due.filter(({ inDaemon }) => !inDaemon);
    this.#due.splice(0, this.#due.length, ...kept);
    this.armed.clear();
    this.state = JSON.parse(JSON.stringify(this.state)) as InstanceState;
    this.#take({ type: 'resume' });
    for (const known of [this.state.generation, this.state.beside?.generation ?? 0]) {
      const tree = this.trees.get(known);
      if (tree) this.#find(tree);
    }
  }

  #find(tree: Tree): void {
    const { generation, root, child, fate } = tree;
    if (root === 'alive') {
      const seenMs = this.#tell({ type: 'spawned', generation, pid: 1_000 + generation }, 0);
      if (tree.saidReady) this.#tell({ type: 'ready', generation }, seenMs);
    } else if (root === 'gone' && fate.spawn !== 'ok') {
      this.#tell({ type: 'spawn_failed', generation, message: 'EAGAIN', permanent: fate.spawn === 'permanent' }, 0);
    } else if (root === 'gone' && !tree.seenToExit) {
      tree.floorMs = this.#tell({ type: 'exited', generation, exit: UNKNOWN, leftovers: child }, 0);
    } else if (root === 'gone' && !child) this.#tell({ type: 'tree_gone', generation }, 0);
  }

  #lastWord(): void {
    this.#closing = true;
    this.#take({ type: 'stop' });
    let afterMs = 0;
    for (const trigger of this.#history.triggers) {
      afterMs += trigger.afterMs;
      this.#at(afterMs, () => this.#take(trigger.command));
    }
  }

  #take(event: InstanceEvent): void {
    const { jitters } = this.#history;
    const jitter = jitters[this.moments.length % jitters.length] ?? 0;
    if (event.type === 'timer') this.armed.delete(event.timerId);
    this.#abandon(event);
    const before = this.state;
    const context = { nowMs: this.#nowMs, jitter };
    const { state: after, effects } = step(before, event, this.#policy, context);
    this.state = after;
    const moment = { ...context, policy: this.#policy, event, before, after, effects };
    this.moments.push(moment);
    this.#watcher.onStep(moment, this.trees);
    for (const effect of effects) this.#perform(effect);
  }

  /** Without `treekill` nobody waits for what a process leaves behind. */
  #abandon(event: InstanceEvent): void {
    const { generation, beside } = this.state;
    const exited = event.type === 'exited';
    for (const known of exited ? [event.generation] : [generation, beside?.generation ?? 0]) {
      const tree = this.trees.get(known);
      if (!tree) continue;
      if (exited) tree.seenToExit = true;
      if (tree.seenToExit && !this.#policy.treekill) tree.abandoned = true;
    }
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'spawn':
        this.#spawn(effect.generation);
        break;
      case 'signal_tree':
      case 'kill_tree':
        this.#signal(effect.generation, effect.type === 'kill_tree');
        break;
      case 'arm':
        this.armed.add(effect.timerId);
        this.#at(effect.delayMs, () => this.#fire(effect.timerId), true);
        break;
      case 'disarm':
        this.armed.delete(effect.timerId);
        break;
      case 'drain':
        this.#drain(effect.generation);
        break;
      case 'publish':
        break;
      default:
        effect satisfies never;
    }
  }

  #fire(timerId: number): void {
    if (this.armed.has(timerId) || this.#history.firesDisarmed) this.#tell({ type: 'timer', timerId }, 0);
  }

  #spawn(generation: number): void {
    const { fates } = this.#history;
    const fate = fates[(generation - 1) % fates.length];
    if (!fate) throw new Error('a history needs a fate');
    const told = { seenToExit: false, abandoned: false, saidReady: false, floorMs: 0 };
    const tree: Tree = { generation, fate, root: 'coming', child: false, ...told };
    this.trees.set(generation, tree);
    this.#at(fate.spawnMs, () => this.#arrive(tree));
  }

  #arrive(tree: Tree): void {
    const { fate, generation } = tree;
    if (fate.spawn !== 'ok') {
      tree.root = 'gone';
      this.#tell({ type: 'spawn_failed', generation, message: 'EAGAIN', permanent: fate.spawn === 'permanent' }, 0);
      return;
    }
    tree.root = 'alive';
    tree.child = fate.child !== null;
    const seenMs = this.#tell({ type: 'spawned', generation, pid: 1_000 + generation }, 0);
    if (fate.readyMs !== null) this.#at(fate.readyMs, () => this.#sayReady(tree, seenMs));
    if (fate.memoryMs !== null) this.#at(fate.memoryMs, () => this.#swell(tree));
    if (fate.lifeMs !== null) this.#at(fate.lifeMs, () => this.#die(tree, fate.exit));
    if (fate.child && fate.child.endMs !== null) this.#at(fate.child.endMs, () => this.#endChild(tree));
  }

  #sayReady(tree: Tree, seenMs: number): void {
    if (tree.root !== 'alive') return;
    tree.saidReady = true;
    this.#tell({ type: 'ready', generation: tree.generation }, seenMs);
  }

  #swell(tree: Tree | undefined): void {
    if (tree?.root !== 'alive') return;
    this.#tell({ type: 'memory_exceeded', generation: tree.generation, rssBytes: 1 }, 0);
  }

  /** A signal before the process is there goes nowhere: the shell knows no pid yet. */
  #signal(generation: number, kill: boolean): void {
    const tree = this.trees.get(generation);
    if (!tree || tree.root === 'coming') return;
    const { fate } = tree;
    const rootMs = kill ? fate.killMs : fate.leaveMs;
    const gone = kill ? KILLED : { code: null, signal: 'SIGINT', hint: null };
    if (rootMs !== null) this.#at(rootMs, () => this.#die(tree, gone));
    const childMs = kill ? fate.killMs : (fate.child?.leaveMs ?? null);
    if (childMs !== null && this.#policy.treekill) this.#at(childMs, () => this.#endChild(tree));
  }

  #drain(generation: number): void {
    const drainMs = this.trees.get(generation)?.fate.drainMs ?? null;
    if (drainMs !== null) this.#at(drainMs, () => this.#tell({ type: 'drained', generation }, 0));
  }

  #die(tree: Tree, exit: ExitStatus): void {
    if (tree.root !== 'alive') return;
    tree.root = 'gone';
    tree.floorMs = this.#tell({ type: 'exited', generation: tree.generation, exit, leftovers: tree.child }, 0);
  }

  #endChild(tree: Tree): void {
    if (!tree.child) return;
    tree.child = false;
    if (tree.root === 'gone') this.#tell({ type: 'tree_gone', generation: tree.generation }, tree.floorMs);
  }

  /** Puts a fact in the inbox, late by the next lag but not before `floorMs`; returns when it will be taken. */
  #tell(fact: Fact, floorMs: number): number {
    const { lagsMs } = this.#history;
    const lagMs = lagsMs[this.#lags++ % lagsMs.length] ?? 0;
    const atMs = Math.max(floorMs, this.#nowMs + lagMs);
    const take = () => {
      this.#facts.push(fact);
      this.#take(fact);
    };
    this.#at(atMs - this.#nowMs, take, true);
    return atMs;
  }

  #at(delayMs: number, run: () => void, inDaemon = false): void {
    const atMs = this.#nowMs + delayMs;
    let place = this.#due.length;
    while (place > 0 && (this.#due[place - 1]?.atMs ?? 0) > atMs) place -= 1;
    this.#due.splice(place, 0, { atMs, run, inDaemon });
  }

  #next(): void {
    const due = this.#due.shift();
    if (!due) return;
    this.#nowMs = due.atMs;
    due.run();
  }
}
