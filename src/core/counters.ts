import { EXIT_REASONS, type ExitReason } from './exit.ts';
import type { InstanceCounters } from './states.ts';

function zeros(): Record<ExitReason, number> {
  // fromEntries loses the key type; the list holds every reason, so the record is complete.
  return Object.fromEntries(EXIT_REASONS.map((reason) => [reason, 0])) as Record<ExitReason, number>;
}

export function zeroCounters(): InstanceCounters {
  return { starts: 0, exits: zeros(), restarts: zeros() };
}

export function countStart(counters: InstanceCounters, restartOf: ExitReason | null): InstanceCounters {
  const starts = counters.starts + 1;
  return restartOf === null ? { ...counters, starts } : countRestart({ ...counters, starts }, restartOf);
}

export function countRestart(counters: InstanceCounters, reason: ExitReason): InstanceCounters {
  return { ...counters, restarts: { ...counters.restarts, [reason]: counters.restarts[reason] + 1 } };
}

export function countExit(counters: InstanceCounters, reason: ExitReason): InstanceCounters {
  return { ...counters, exits: { ...counters.exits, [reason]: counters.exits[reason] + 1 } };
}
