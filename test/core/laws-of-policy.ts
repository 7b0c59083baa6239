import type { AfterStop, InstanceState, Status } from '../../src/core/states.ts';
import { holds, ignore, isTakeover, type Law, published } from './law.ts';
import type { Moment } from './world.ts';

/** Where the instance goes, seen through a stop that comes first. */
function bound({ phase }: InstanceState): Status | AfterStop {
  return phase.status === 'stopping' ? phase.next : phase.status;
}

function isUp({ phase }: InstanceState): boolean {
  return phase.status === 'running' || phase.status === 'starting';
}

/** A fact of the process that is there now. */
function isOfNow({ before, event }: Moment): boolean {
  return 'generation' in event && event.generation === before.generation;
}

/** The tally after a death: PM2's rule, with stability counted from ready. */
function unstableAfter({ before, policy, nowMs }: Moment): number {
  const { phase } = before;
  const readyForMs = phase.status === 'running' ? nowMs - phase.readyAtMs : 0;
  return readyForMs < policy.minUptimeMs ? before.unstableRestarts + 1 : 0;
}

function staysDown({ event, policy }: Moment): boolean {
  const code = event.type === 'exited' ? event.exit.code : null;
  return !policy.autorestart || (code !== null && policy.stopExitCodes.includes(code));
}

function holdsAfterDeath(moment: Moment): void {
  const { after, policy } = moment;
  const goesTo = bound(after);
  if (staysDown(moment)) {
    holds(goesTo === 'exited', `goes to ${goesTo}, not exited`, moment);
    return;
  }
  const unstable = unstableAfter(moment);
  holds(after.unstableRestarts === unstable, `${after.unstableRestarts} unstable, not ${unstable}`, moment);
  const givesUp = unstable >= policy.maxRestarts;
  holds((goesTo === 'fatal') === givesUp, `${unstable} unstable deaths: goes to ${goesTo}`, moment);
  holds(givesUp || goesTo === 'starting' || goesTo === 'backoff', `goes to ${goesTo}`, moment);
}

const deathsFollowPolicy: Law = {
  says: 'autorestart and stop_exit_codes decide who stays down, max_restarts who is given up',
  watch: () => ({
    onStep(moment) {
      const { before, after, event } = moment;
      const dies = event.type === 'exited' || event.type === 'spawn_failed';
      if (!dies || !isOfNow(moment) || !isUp(before)) {
        const gaveUp = published(moment).some(({ from, to }) => to === 'fatal' && from !== 'stopping');
        return holds(!gaveUp, `${event.type} gave up`, moment);
      }
      if (isTakeover(moment)) {
        const wanted = staysDown(moment) ? 0 : unstableAfter(moment);
        return holds(after.unstableRestarts === wanted, `${after.unstableRestarts} unstable, not ${wanted}`, moment);
      }
      const hopeless = event.type === 'spawn_failed' && event.permanent;
      if (hopeless) return holds(after.phase.status === 'fatal', 'cannot be spawned, yet not fatal', moment);
      holdsAfterDeath(moment);
    },
    onRest: ignore,
  }),
};

const readyTimeoutIsAFailure: Law = {
  says: 'a process that is not ready in time is told to go, for ready_timeout, and counts as unstable',
  watch: () => ({
    onStep(moment) {
      const { before, after, event } = moment;
      const late =
        event.type === 'timer' && before.phase.status === 'starting' && before.phase.timerId === event.timerId;
      if (!late) return;
      const { phase } = after;
      holds(phase.status === 'stopping' && phase.cause === 'ready_timeout', 'not told to go', moment);
      holdsAfterDeath(moment);
    },
    onRest: ignore,
  }),
};

const memoryLimitRestarts: Law = {
  says: 'a process above its memory limit is told to go and started again, whatever autorestart says',
  watch: () => ({
    onStep(moment) {
      const { before, after, event } = moment;
      if (event.type !== 'memory_exceeded') return;
      if (!isOfNow(moment) || !isUp(before)) return holds(after === before, 'changed something', moment);
      const { phase } = after;
      holds(phase.status === 'stopping' && phase.cause === 'memory_limit', 'not told to go', moment);
      const goesTo = bound(after);
      holds(goesTo === 'starting' || goesTo === 'backoff', `goes to ${goesTo}`, moment);
    },
    onRest: ignore,
  }),
};

const plansAreKept: Law = {
  says: 'a stopping instance goes where the last word about it said, and nowhere before its process is gone',
  watch: () => ({
    onStep(moment) {
      const { before, after, event } = moment;
      if (before.phase.status !== 'stopping' || after.phase === before.phase) return;
      const person = event.type === 'stop' || event.type === 'start' || event.type === 'restart';
      if (after.phase.status === 'stopping') {
        const same = after.phase.next === before.phase.next && after.phase.delayMs === before.phase.delayMs;
        return holds(person || same, `${event.type} changed where it goes`, moment);
      }
      const waitedForBeside = before.phase.timerId === null;
      if (waitedForBeside && person) return holds(after.phase.status === 'starting', 'not started', moment);
      const gone = event.type === 'exited' || event.type === 'tree_gone' || event.type === 'spawn_failed';
      holds(gone || event.type === 'timer', `${event.type} ended the stop`, moment);
      holds(gone || !moment.policy.treekill, 'the tree was not seen to be gone', moment);
      holds(after.phase.status === before.phase.next, `went to ${after.phase.status}`, moment);
      if (after.phase.status === 'backoff')
        holds(after.phase.delayMs === before.phase.delayMs, 'another delay', moment);
    },
    onRest: ignore,
  }),
};

/** What the user's keys promise, by PM2-CONTRACT 5 with its holes closed. */
export const LAWS_OF_POLICY: readonly Law[] = [
  deathsFollowPolicy,
  readyTimeoutIsAFailure,
  memoryLimitRestarts,
  plansAreKept,
];
