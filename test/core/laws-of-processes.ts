import { isDeepStrictEqual } from 'node:util';
import { step } from '../../src/core/machine.ts';
import type { Effect, Fact, InstanceState } from '../../src/core/states.ts';
import { FACT_KINDS, staleFact } from './history.ts';
import { armedIn, holds, ignore, type Law } from './law.ts';
import type { Tree } from './world.ts';

/** True while anything of the tree is there that the machine has to care for. */
function isThere(tree: Tree): boolean {
  return tree.root !== 'gone' || (tree.child && !tree.abandoned);
}

const atMostTwo: Law = {
  says: 'at most one process a generation and two a slot are there, and then one of them is beside the other',
  watch: () => ({
    onStep(moment, trees) {
      const { after, effects } = moment;
      const { generation, beside } = after;
      for (const effect of effects) {
        if (effect.type === 'spawn') holds(!trees.has(effect.generation), 'a generation spawned twice', moment);
      }
      const spawns = effects.some((effect) => effect.type === 'spawn');
      for (const tree of trees.values()) {
        if (!isThere(tree)) continue;
        const known = tree.generation === generation || tree.generation === beside?.generation;
        holds(known, `generation ${tree.generation} is there, and forgotten`, moment);
        // A candidate comes beside the main process; a main process beside one that leaves.
        const may = beside?.role === 'candidate' ? generation : beside?.generation;
        holds(!spawns || tree.generation === may, `spawned while generation ${tree.generation} is there`, moment);
      }
    },
    onRest: ignore,
  }),
};

const noSignalToTheDead: Law = {
  says: 'nothing is signalled or drained whose tree was seen to be gone, and nothing but the processes of now',
  watch: () => {
    const gone = new Set<number>();
    const exited = new Set<number>();
    return {
      onStep(moment) {
        const { event, policy, before, after } = moment;
        const left = event.type === 'exited' && event.leftovers && policy.treekill && !exited.has(event.generation);
        const ends = event.type === 'spawn_failed' || event.type === 'tree_gone' || event.type === 'exited';
        // A fact of a generation that was never spawned is a forgery.
        if (ends && event.generation <= before.newest) {
          const again = event.type === 'exited' && exited.has(event.generation);
          if (!left && !again) gone.add(event.generation);
          if (event.type === 'exited') exited.add(event.generation);
        }
        for (const effect of moment.effects) {
          if (effect.type !== 'signal_tree' && effect.type !== 'kill_tree' && effect.type !== 'drain') continue;
          const { generation } = effect;
          const known = generation === after.generation || generation === after.beside?.generation;
          holds(known, `${effect.type} to another generation`, moment);
          holds(!gone.has(generation), `${effect.type} to generation ${generation}, seen to be gone`, moment);
        }
      },
      onRest: ignore,
    };
  },
};

interface Outgoing {
  readonly generation: number;
  /** It is there to be asked. */
  readonly there: boolean;
  readonly killed: boolean;
}

/** The processes that are told to go, or whose rest is. */
function outgoing({ phase, generation, beside }: InstanceState): readonly Outgoing[] {
  const all: Outgoing[] = [];
  if (phase.status === 'stopping') {
    all.push({ generation, there: phase.cause === null || phase.pid !== null, killed: phase.killed });
  }
  if (beside?.role === 'leaving') {
    const there = beside.cause === null || beside.pid !== null;
    all.push({ generation: beside.generation, there, killed: beside.stage === 'killed' });
  }
  return all;
}

const askedBeforeKilled: Law = {
  says: 'a process is asked to go, once it is there to be asked, before it is killed',
  watch: () => {
    const asked = new Set<number>();
    return {
      onStep(moment) {
        const { before, after, effects } = moment;
        for (const { generation, there } of outgoing(after)) {
          const gets = (type: Effect['type']) =>
            effects.some(
              (effect) => effect.type === type && 'generation' in effect && effect.generation === generation,
            );
          if (there && gets('signal_tree')) asked.add(generation);
          if (!there || !gets('kill_tree')) continue;
          const wasKilled = outgoing(before).some((one) => one.generation === generation && one.killed);
          holds(wasKilled || asked.has(generation), 'killed, yet never asked', moment);
        }
      },
      onRest: ignore,
    };
  },
};

const stopComesToRest: Law = {
  says: 'after a stop all comes to rest at stopped, alone, with no armed timer and no live process',
  watch: () => ({
    onStep: ignore,
    onRest(world) {
      const { status } = world.state.phase;
      holds(world.quiet, `never at rest, in ${status}`);
      holds(status === 'stopped', `at rest in ${status}`);
      holds(world.state.beside === null, 'a process is beside it');
      holds(world.armed.size === 0, `timers armed: ${[...world.armed].join()}`);
      for (const tree of world.trees.values()) {
        holds(!isThere(tree), `generation ${tree.generation} is there`);
      }
    },
  }),
};

const staleChangesNothing: Law = {
  says: 'a fact of another generation, a timer that is not armed and a doubled fact change nothing',
  watch: () => {
    let taken: Fact[] = [];
    return {
      onStep(moment) {
        const { before, after, event, policy } = moment;
        const isOfNow = (fact: Fact) => {
          return 'generation' in fact && [after.generation, after.beside?.generation].includes(fact.generation);
        };
        // What a candidate is forgiven, the main process is not.
        const once = event.type !== 'memory_exceeded' || event.generation === before.generation;
        if ('generation' in event && once && !isEarly(before, event)) taken.push(event);
        taken = taken.filter(isOfNow);
        const stale = FACT_KINDS.flatMap((kind) => [-1, 1].map((off) => staleFact(after, kind, off)));
        const fired: Fact[] = event.type === 'timer' ? [event] : [];
        for (const fact of [...stale, ...taken, ...fired]) {
          const again = step(after, fact, policy, moment);
          const same = again.state === after || isDeepStrictEqual(again.state, after);
          holds(same && again.effects.length === 0, `${JSON.stringify(fact)} changed something`, moment);
        }
      },
      onRest: ignore,
    };
  },
};

/** Nothing is done with it, as its process is not known to be there: told again, later, it counts. */
function isEarly({ phase, generation, beside }: InstanceState, fact: Fact): boolean {
  if (fact.type !== 'ready') return false;
  if (fact.generation === generation) return 'pid' in phase && phase.pid === null;
  return fact.generation === beside?.generation && beside.pid === null;
}

const timersAreThePhases: Law = {
  says: 'after every step exactly the timers of the phase and of what is beside are armed; every wait has an end',
  watch: () => {
    const armed = new Set<number>();
    let newest = 0;
    return {
      onStep(moment) {
        const { event, after, effects } = moment;
        if (event.type === 'timer') armed.delete(event.timerId);
        for (const effect of effects) {
          if (effect.type === 'disarm') armed.delete(effect.timerId);
          if (effect.type !== 'arm') continue;
          holds(effect.timerId > newest, `timer ${effect.timerId} was used before`, moment);
          holds(effect.delayMs >= 0, `a delay of ${effect.delayMs}`, moment);
          newest = effect.timerId;
          armed.add(newest);
        }
        const wanted = armedIn(after);
        const right = wanted.length === armed.size && wanted.every((timerId) => armed.has(timerId));
        holds(right, `armed: ${[...armed].join() || 'nothing'}, wanted: ${wanted.join() || 'nothing'}`, moment);
        const { phase, beside } = after;
        const untimed = 'timerId' in phase && phase.timerId === null;
        const ready = untimed && phase.status === 'starting' && phase.pid !== null;
        holds(!ready, 'waits for ready without an end', moment);
        const alone = untimed && phase.status === 'stopping' && beside?.role !== 'leaving';
        holds(!alone, 'waits for nothing', moment);
      },
      onRest: ignore,
    };
  },
};

const stoppedByAPerson: Law = {
  says: 'what a person stopped, only a person starts; what is at rest, no fact starts',
  watch: () => {
    let kept = true;
    return {
      onStep(moment) {
        const { before, after, event } = moment;
        const replaces = event.type === 'restart' || event.type === 'reload';
        const byTrigger = replaces && event.cause !== 'requested';
        const byPerson = event.type === 'start' || (replaces && !byTrigger);
        if (event.type === 'stop') kept = true;
        else if (byPerson) kept = false;
        const same = after.generation === before.generation && after.newest === before.newest;
        if (kept) holds(same, 'a stopped instance was started', moment);
        const { status } = before.phase;
        const spawned = after.newest > before.newest;
        if (status === 'exited' || status === 'fatal') {
          holds(spawned === (byPerson || byTrigger), `${event.type} at ${status}`, moment);
        }
      },
      onRest: ignore,
    };
  },
};

/** What may happen to processes and timers, by DESIGN 3. */
export const LAWS_OF_PROCESSES: readonly Law[] = [
  atMostTwo,
  noSignalToTheDead,
  askedBeforeKilled,
  stopComesToRest,
  staleChangesNothing,
  timersAreThePhases,
  stoppedByAPerson,
];
