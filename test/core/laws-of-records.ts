import { isDeepStrictEqual } from 'node:util';
import type { ExitReason, ExitRecord, ExitStatus } from '../../src/core/exit.ts';
import { newInstance, step } from '../../src/core/machine.ts';
import { type InstanceCounters, type InstanceState, LEGAL_MOVES, type Status } from '../../src/core/states.ts';
import { broken, deathIn, holds, ignore, type Law, published, sum } from './law.ts';
import type { Moment, World } from './world.ts';

const countersAreTrue: Law = {
  says: 'counters never fall; starts are the spawns; restarts are starts; each generation dies at most once',
  watch: () => {
    let spawns = 0;
    const dead = new Set<number>();
    return {
      onStep(moment) {
        const { before, after, effects } = moment;
        spawns += effects.filter((effect) => effect.type === 'spawn').length;
        holds(neverFell(before.counters, after.counters), 'a counter fell', moment);
        holds(after.counters.starts === spawns, `${spawns} spawns`, moment);
        holds(after.generation === spawns, `${spawns} spawns`, moment);
        holds(sum(after.counters.restarts) <= spawns, 'more restarts than starts', moment);
        const restarted = sum(after.counters.restarts) - sum(before.counters.restarts);
        holds(restarted <= after.counters.starts - before.counters.starts, 'a restart without a start', moment);
        const shown = after.restartsShown - before.restartsShown;
        holds(shown === restarted || moment.event.type === 'reset', 'restarts shown are not those counted', moment);
        const death = deathIn(moment);
        if (death === null) return;
        holds(!dead.has(death.generation), `generation ${death.generation} died twice`, moment);
        dead.add(death.generation);
        holds(sum(after.counters.exits) === dead.size, 'an exit too many', moment);
      },
      onRest(world) {
        const { exits, starts } = world.state.counters;
        holds(sum(exits) === starts, `${starts} starts, ${sum(exits)} exits`);
      },
    };
  },
};

function neverFell(before: InstanceCounters, after: InstanceCounters): boolean {
  // The counters' keys are the reasons, all of them, on both sides.
  const reasons = Object.keys(before.exits) as ExitReason[];
  return reasons.every((reason) => {
    return after.exits[reason] >= before.exits[reason] && after.restarts[reason] >= before.restarts[reason];
  });
}

const movesAreLegal: Law = {
  says: 'every move is legal and published once, without a gap; the transitions alone tell the history',
  watch: () => {
    let last: Status = 'stopped';
    return {
      onStep(moment) {
        const { before, after } = moment;
        const moved = before.phase.status !== after.phase.status || before.generation !== after.generation;
        const transitions = published(moment);
        holds(transitions.length === (moved ? 1 : 0), `${transitions.length} transitions published`, moment);
        for (const { from, to, generation, event } of transitions) {
          holds(LEGAL_MOVES[from].includes(to), `${from} -> ${to} is not legal`, moment);
          holds(from === last && from === before.phase.status, `a gap: ${last}, then from ${from}`, moment);
          holds(to === after.phase.status && generation === after.generation, `not so: to ${to}`, moment);
          holds(event === moment.event.type, `not so: by ${event}`, moment);
          last = to;
        }
      },
      onRest(world) {
        holds(last === world.state.phase.status, `told ${last}`);
      },
    };
  },
};

const sameEventsSameStates: Law = {
  says: 'the same events give the same states and effects, also when each state was saved as JSON and read back',
  watch: () => ({
    onStep: ignore,
    onRest(world: World) {
      let state = newInstance(0);
      for (const moment of world.moments) {
        const saved: InstanceState = JSON.parse(JSON.stringify(state));
        const again = step(saved, moment.event, moment.policy, moment);
        holds(isDeepStrictEqual(again.effects, moment.effects), 'other effects', moment);
        holds(isDeepStrictEqual(again.state, moment.after), 'another state', moment);
        state = again.state;
      }
    },
  }),
};

const eachDeathIsTold: Law = {
  says: 'each death is told by exactly one transition, with the reason, code, signal and uptime that it had',
  watch: () => {
    const told = new Set<number>();
    let sinceMs = 0;
    let killed = 0;
    return {
      onStep(moment) {
        const { before, after, event, effects, nowMs } = moment;
        const death = deathIn(moment);
        if (death !== null) {
          const uptimeMs = event.type === 'exited' ? nowMs - sinceMs : 0;
          const expected = expectedDeath(moment, killed === before.generation);
          const { generation, message } = death;
          const wanted = { ...expected, generation, uptimeMs, message };
          holds(isDeepStrictEqual(death, wanted), `${JSON.stringify(death)}, not so`, moment);
        }
        for (const transition of published(moment)) {
          if (transition.exit !== null) {
            holds(!told.has(transition.exit.generation), 'a death told twice', moment);
            holds(isDeepStrictEqual(transition.exit, after.lastExit), 'another death told', moment);
            told.add(transition.exit.generation);
          }
          if (transition.to === 'starting' || transition.to === 'running') sinceMs = nowMs;
        }
        if (effects.some((effect) => effect.type === 'kill_tree')) killed = after.generation;
      },
      onRest(world) {
        holds(told.size === world.state.counters.starts, `${told.size} deaths told`);
      },
    };
  },
};

/** What the death of this step must be called, by the words of DESIGN 3. */
function expectedDeath({ before, event }: Moment, killed: boolean): Pick<ExitRecord, 'reason' | 'code' | 'signal'> {
  if (event.type === 'spawn_failed') return { reason: 'spawn_failed', code: null, signal: null };
  if (event.type !== 'exited') return broken(`a death by ${event.type}`);
  const { code, signal } = event.exit;
  const { phase } = before;
  if (phase.status !== 'stopping' || phase.cause === null) return { reason: ownReason(event.exit), code, signal };
  const limit = phase.cause === 'memory_limit' || phase.cause === 'ready_timeout';
  return { reason: killed && !limit ? 'kill_timeout' : phase.cause, code, signal };
}

function ownReason({ code, signal, hint }: ExitStatus): ExitReason {
  const byCode = code === 0 ? 'clean' : 'error_code';
  const byStatus = code === null ? 'unknown' : byCode;
  return hint ?? (signal === null ? byStatus : 'signal');
}

/** What is counted, published and remembered, by DESIGN 3. */
export const LAWS_OF_RECORDS: readonly Law[] = [countersAreTrue, movesAreLegal, sameEventsSameStates, eachDeathIsTold];
