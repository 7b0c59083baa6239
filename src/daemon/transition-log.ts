import type { Transition } from '../core/states.ts';
import type { Instance } from './instance.ts';
import type { DaemonLog } from './own-log.ts';

/** Deaths in a row from which on it is a crash loop. */
const LOOP_FROM = 5;

/**
 * Says in the daemon's own log what happened to an instance.
 * @param log the daemon's own log
 * @param instance whose transition it is
 * @param transition the change
 */
export function logTransition(log: DaemonLog, instance: Instance, transition: Transition): void {
  const { from, to, generation, event, cause, delayMs, streak, exit } = transition;
  const { beside } = transition;
  const pid = instance.processes.get(generation)?.pid ?? null;
  const fields = {
    app: instance.spec.name,
    id: instance.id,
    pid,
    from,
    to,
    beside,
    generation,
    event,
    cause,
    delayMs,
    exit,
  };
  if (to === 'fatal') log.error({ ...fields, streak }, 'gave up');
  else if (to === 'backoff' && streak >= LOOP_FROM) log.warn({ ...fields, streak }, 'crash loop, slowed down');
  else if (exit !== null && cause === null) log.warn(fields, 'died');
  else log.info(fields, 'transition');
}
