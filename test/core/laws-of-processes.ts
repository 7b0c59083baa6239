import { isDeepStrictEqual } from 'node:util';
import { step } from '../../src/core/machine.ts';
import type { Fact } from '../../src/core/states.ts';
import { staleFact } from './history.ts';
import { armedIn, holds, ignore, type Law } from './law.ts';

const oneProcess: Law = {
  says: 'no process is spawned while one of the slot, or anything of its tree, is alive',
  watch: () => ({
    onStep(moment, trees) {
      if (!moment.effects.some((effect) => effect.type === 'spawn')) return;
      for (const tree of trees.values()) {
        holds(tree.root === 'gone', `generation ${tree.generation} is alive`, moment);
        holds(!tree.child || tree.abandoned, `generation ${tree.generation} left a process`, moment);
      }
    },
    onRest: ignore,
  }),
};

const noSignalToTheDead: Law = {
  says: 'nothing is signalled whose tree was seen to be gone, and nothing of another generation',
  watch: () => {
    let goneUpTo = 0;
    return {
      onStep(moment) {
        const { event, policy } = moment;
        const ends =
          event.type === 'spawn_failed' ||
          event.type === 'tree_gone' ||
          (event.type === 'exited' && !(event.leftovers && policy.treekill));
        // A fact of a generation that was never spawned is a forgery.
        if (ends && event.generation <= moment.before.generation) goneUpTo = Math.max(goneUpTo, event.generation);
        for (const effect of moment.effects) {
          if (effect.type !== 'signal_tree' && effect.type !== 'kill_tree') continue;
          holds(effect.generation === moment.after.generation, 'a signal to another generation', moment);
          holds(effect.generation > goneUpTo, `a signal to generation ${effect.generation}, seen to be gone`, moment);
        }
      },
      onRest: ignore,
    };
  },
};

const askedBeforeKilled: Law = {
  says: 'a process is asked to go, once it is there to be asked, before it is killed',
  watch: () => {
    let asked = 0;
    return {
      onStep(moment) {
        const { before, after, effects } = moment;
        const { phase, generation } = after;
        const sweeps = phase.status === 'stopping' && phase.cause === null;
        const there = sweeps || (phase.status === 'stopping' && phase.pid !== null);
        if (there && effects.some((effect) => effect.type === 'signal_tree')) asked = generation;
        if (!there || !effects.some((effect) => effect.type === 'kill_tree')) return;
        const wasKilled = before.phase.status === 'stopping' && before.phase.killed;
        holds(wasKilled || asked === generation, 'killed, yet never asked', moment);
      },
      onRest: ignore,
    };
  },
};

const stopComesToRest: Law = {
  says: 'after a stop all comes to rest at stopped, with no armed timer and no live process',
  watch: () => ({
    onStep: ignore,
    onRest(world) {
      const { status } = world.state.phase;
      holds(world.quiet, `never at rest, in ${status}`);
      holds(status === 'stopped', `at rest in ${status}`);
      holds(world.armed.size === 0, `timers armed: ${[...world.armed].join()}`);
      for (const tree of world.trees.values()) {
        holds(tree.root === 'gone', `generation ${tree.generation} is alive`);
        holds(!tree.child || tree.abandoned, `generation ${tree.generation} left a process`);
      }
    },
  }),
};

const FACT_KINDS: readonly Fact['type'][] = [
  'spawned',
  'spawn_failed',
  'ready',
  'exited',
  'tree_gone',
  'memory_exceeded',
  'timer',
];

const staleChangesNothing: Law = {
  says: 'a fact of another generation, a timer that is not armed and a doubled fact change nothing',
  watch: () => {
    let taken: Fact[] = [];
    return {
      onStep(moment) {
        const { before, after, event, policy } = moment;
        if (before.generation !== after.generation) taken = [];
        if ('generation' in event && event.generation === after.generation) taken.push(event);
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

const timersAreThePhases: Law = {
  says: 'after every step exactly the timer of the phase is armed, and every wait has an end',
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
        const right = wanted === null ? armed.size === 0 : armed.size === 1 && armed.has(wanted);
        holds(right, `armed: ${[...armed].join() || 'nothing'}, wanted: ${wanted}`, moment);
        const { phase } = after;
        const endless = phase.status === 'starting' && phase.pid !== null && wanted === null;
        holds(!endless, 'waits for ready without an end', moment);
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
        const byTrigger = event.type === 'restart' && event.cause !== 'requested';
        const byPerson = event.type === 'start' || (event.type === 'restart' && !byTrigger);
        if (event.type === 'stop') kept = true;
        else if (byPerson) kept = false;
        if (kept) holds(after.generation === before.generation, 'a stopped instance was started', moment);
        const { status } = before.phase;
        const spawned = after.generation > before.generation;
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
  oneProcess,
  noSignalToTheDead,
  askedBeforeKilled,
  stopComesToRest,
  staleChangesNothing,
  timersAreThePhases,
  stoppedByAPerson,
];
