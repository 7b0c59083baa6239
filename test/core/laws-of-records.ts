import { isDeepStrictEqual } from 'node:util';
import type { ExitReason, ExitRecord, ExitStatus, StopCause } from '../../src/core/exit.ts';
import { newInstance, step } from '../../src/core/machine.ts';
import { type InstanceCounters, type InstanceState, LEGAL_MOVES, type Status } from '../../src/core/states.ts';
import { broken, deathIn, holds, ignore, isOfBeside, type Law, published, sum, told } from './law.ts';
import type { Moment, World } from './world.ts';

const countersAreTrue: Law = {
  says: 'counters never fall; starts are the spawns; a restart is another main process; each generation dies at most once',
  watch: () => {
    let spawns = 0;
    const dead = new Set<number>();
    return {
      onStep(moment) {
        const { before, after, effects } = moment;
        spawns += effects.filter((effect) => effect.type === 'spawn').length;
        holds(neverFell(before.counters, after.counters), 'a counter fell', moment);
        holds(after.counters.starts === spawns, `${spawns} spawns`, moment);
        holds(after.newest === spawns && after.generation <= spawns, `${spawns} spawns`, moment);
        holds(sum(after.counters.restarts) <= spawns, 'more restarts than starts', moment);
        const restarted = sum(after.counters.restarts) - sum(before.counters.restarts);
        holds(restarted === 0 || after.generation !== before.generation, 'a restart of the same process', moment);
        holds(restarted <= 1, 'two restarts at once', moment);
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
        holdsBeside(moment);
      },
      onRest(world) {
        holds(last === world.state.phase.status, `told ${last}`);
      },
    };
  },
};

/** What is told of the process beside the main one: that it was spawned, and that it died. */
function holdsBeside(moment: Moment): void {
  const { before, after, event } = moment;
  const death = deathIn(moment);
  const died = isOfBeside(moment) && death !== null ? [death.generation] : [];
  const surged = after.counters.starts > before.counters.starts && after.generation === before.generation;
  const expected = surged ? [after.newest] : died;
  const transitions = told(moment).filter(({ beside }) => beside);
  const generations = transitions.map(({ generation }) => generation);
  holds(isDeepStrictEqual(generations, expected), `told of ${generations.join()}, not ${expected.join()}`, moment);
  for (const { from, to, ...rest } of transitions) {
    holds(from === to && from === before.phase.status, `${from} -> ${to} of what is beside`, moment);
    holds(rest.event === event.type && (rest.exit !== null) === (death !== null), 'not so', moment);
  }
}

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
    const untold = new Map<number, ExitRecord>();
    const sinceMs = new Map<number, number>();
    const killed = new Set<number>();
    let deathsTold = 0;
    return {
      onStep(moment) {
        const { event, effects, nowMs } = moment;
        const death = deathIn(moment);
        if (death !== null) {
          const { generation, message } = death;
          const uptimeMs = event.type === 'exited' ? nowMs - (sinceMs.get(generation) ?? 0) : 0;
          const expected = expectedDeath(moment, killed);
          const wanted = { ...expected, uptimeMs, message };
          holds(isDeepStrictEqual(death, wanted), `${JSON.stringify(death)}, not so`, moment);
          untold.set(generation, death);
        }
        for (const { exit } of told(moment)) {
          if (exit === null) continue;
          holds(isDeepStrictEqual(exit, untold.get(exit.generation)), 'another death told, or one told twice', moment);
          untold.delete(exit.generation);
          deathsTold += 1;
        }
        for (const effect of effects) {
          if (effect.type === 'spawn') sinceMs.set(effect.generation, nowMs);
          if (effect.type === 'kill_tree') killed.add(effect.generation);
        }
        const ready = becameReady(moment);
        if (ready !== null) sinceMs.set(ready, nowMs);
      },
      onRest(world) {
        holds(deathsTold === world.state.counters.starts, `${deathsTold} deaths told`);
      },
    };
  },
};

/** The generation of the process that became ready in this step, main or candidate, or null. */
function becameReady(moment: Moment): number | null {
  const { before, after } = moment;
  if (published(moment).some(({ from, to }) => from === 'starting' && to === 'running')) return after.generation;
  if (before.beside?.role !== 'candidate' || after.beside?.role !== 'candidate') return null;
  return before.beside.readyAtMs === null && after.beside.readyAtMs !== null ? after.beside.generation : null;
}

/** What the death of this step must be called, by the words of DESIGN 3. */
function expectedDeath(
  { before, event }: Moment,
  killed: ReadonlySet<number>,
): Pick<ExitRecord, 'generation' | 'reason' | 'code' | 'signal'> {
  if (event.type !== 'exited' && event.type !== 'spawn_failed') return broken(`a death by ${event.type}`);
  const { generation } = event;
  if (event.type === 'spawn_failed') return { generation, reason: 'spawn_failed', code: null, signal: null };
  const { code, signal } = event.exit;
  const cause = causeOfLeaving(before, generation);
  if (cause === null) return { generation, reason: ownReason(event.exit), code, signal };
  const limit = cause === 'memory_limit' || cause === 'ready_timeout';
  return { generation, reason: killed.has(generation) && !limit ? 'kill_timeout' : cause, code, signal };
}

/** Why the process of a generation is told to go, or null when it is not. */
function causeOfLeaving({ phase, beside }: InstanceState, generation: number): StopCause | null {
  if (beside?.generation === generation) return beside.role === 'leaving' ? beside.cause : null;
  return phase.status === 'stopping' ? phase.cause : null;
}

function ownReason({ code, signal, hint }: ExitStatus): ExitReason {
  const byCode = code === 0 ? 'clean' : 'error_code';
  const byStatus = code === null ? 'unknown' : byCode;
  return hint ?? (signal === null ? byStatus : 'signal');
}

/** What is counted, published and remembered, by DESIGN 3. */
export const LAWS_OF_RECORDS: readonly Law[] = [countersAreTrue, movesAreLegal, sameEventsSameStates, eachDeathIsTold];
