import { isDeepStrictEqual } from 'node:util';
import type { InstanceState } from '../../src/core/states.ts';
import { deathIn, holds, ignore, isOfBeside, isPromotion, isTakeover, type Law, sum } from './law.ts';
import type { Moment } from './world.ts';

const LONGEST_SETTLE_MS = 10_000;

const roles: Law = {
  says: 'a candidate is the newest process and its main one runs; what leaves only moves on; nothing is beside stopped',
  watch: () => {
    const stages = ['draining', 'asked', 'killed'];
    return {
      onStep(moment) {
        const { before, after } = moment;
        const { beside } = after;
        if (beside === null) return;
        holds(after.phase.status !== 'stopped', 'stopped, and not alone', moment);
        holds(beside.generation !== after.generation, 'beside itself', moment);
        if (beside.role === 'candidate') {
          holds(beside.generation === after.newest && after.phase.status === 'running', 'no candidate', moment);
          return;
        }
        const earlier = before.beside;
        if (earlier?.generation !== beside.generation || earlier.role !== 'leaving') return;
        holds(stages.indexOf(beside.stage) >= stages.indexOf(earlier.stage), 'went back', moment);
        holds(beside.rootGone || !earlier.rootGone, 'rose again', moment);
      },
      onRest: ignore,
    };
  },
};

/** This step tells the process that is the main one before it to go, or to drain. */
function tellsMain({ before, effects }: Moment): boolean {
  return effects.some((effect) => {
    const tells = effect.type === 'signal_tree' || effect.type === 'kill_tree' || effect.type === 'drain';
    return tells && effect.generation === before.generation;
  });
}

const mainStays: Law = {
  says: 'in a reload a ready main process is told to go after the candidate was ready for its settle time, not before',
  watch: () => {
    let trusted = { generation: 0, fromMs: Number.POSITIVE_INFINITY };
    return {
      onStep(moment) {
        const { before, event, nowMs, policy } = moment;
        const { beside, phase } = before;
        if (beside?.role !== 'candidate') return;
        const { generation, pid } = beside;
        const says = event.type === 'ready' && event.generation === generation && pid !== null;
        if (says && trusted.generation !== generation) {
          trusted = { generation, fromMs: nowMs + Math.min(policy.minUptimeMs, LONGEST_SETTLE_MS) };
        }
        // Another daemon goes by the policy of its own time.
        if (event.type === 'resume' && beside.readyAtMs !== null) {
          trusted = { generation, fromMs: beside.readyAtMs + Math.min(policy.minUptimeMs, LONGEST_SETTLE_MS) };
        }
        holds(phase.status === 'running', 'a reload without a main process', moment);
        if (!tellsMain(moment)) return;
        const asked = event.type === 'stop' || event.type === 'restart' || event.type === 'memory_exceeded';
        if (asked || isTakeover(moment)) return;
        const settled = trusted.generation === generation && nowMs >= trusted.fromMs;
        holds(isPromotion(moment) && settled, `${event.type} told the main process to go`, moment);
        holds(moment.after.generation === generation, 'the candidate was not promoted', moment);
      },
      onRest: ignore,
    };
  },
};

/** All of a state that is the main process's. */
function ofMain(state: InstanceState): unknown {
  const { newest: _newest, beside: _beside, timerSeq: _timerSeq, lastExit: _lastExit, counters, ...main } = state;
  return { ...main, restarts: counters.restarts };
}

const besideChangesNothing: Law = {
  says: 'what happens to a process beside, but for its promotion, changes nothing of the main one',
  watch: () => ({
    onStep(moment) {
      const { before, after } = moment;
      if (!isOfBeside(moment) || isPromotion(moment)) return;
      const { phase } = before;
      if (phase.status === 'stopping' && phase.timerId === null && after.beside === null) {
        return holds(after.phase.status === 'stopped', 'the stop waited for it, and is not at rest', moment);
      }
      holds(isDeepStrictEqual(ofMain(after), ofMain(before)), 'the main process was changed', moment);
    },
    onRest: ignore,
  }),
};

const successionIsCounted: Law = {
  says: 'a candidate that is promoted or takes over is the main process, and one restart, and nothing is spawned for it',
  watch: () => ({
    onStep(moment) {
      const { before, after, effects } = moment;
      const takesOver = isTakeover(moment);
      const { beside } = before;
      if (beside?.role !== 'candidate' || !(takesOver || isPromotion(moment))) return;
      holds(after.generation === beside.generation && after.newest === before.newest, 'another process', moment);
      holds(!effects.some((effect) => effect.type === 'spawn'), 'something was spawned', moment);
      const { phase } = after;
      const ready = beside.readyAtMs !== null;
      holds(phase.status === (ready ? 'running' : 'starting'), `it is ${phase.status}`, moment);
      if (phase.status === 'running') holds(phase.readyAtMs === beside.readyAtMs, 'ready at another time', moment);
      const reason = takesOver ? (deathIn(moment)?.reason ?? 'unknown') : beside.cause;
      holds(after.counters.restarts[reason] === before.counters.restarts[reason] + 1, `no ${reason}`, moment);
      holds(sum(after.counters.restarts) === sum(before.counters.restarts) + 1, 'not one restart', moment);
      if (!takesOver) holds(after.streak === 0 && after.unstableRestarts === 0, 'old deaths count', moment);
    },
    onRest: ignore,
  }),
};

/** What a reload of one slot promises, by DESIGN 1.3 and 3. */
export const LAWS_OF_RELOAD: readonly Law[] = [roles, mainStays, besideChangesNothing, successionIsCounted];
