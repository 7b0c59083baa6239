/** Why a process ended: one closed union, the same words as metric label, journal, log, `describe` and JSON. */
export const EXIT_REASONS = [
  'requested',
  'clean',
  'error_code',
  'uncaught',
  'heap_oom',
  'kernel_oom',
  'signal',
  'ready_timeout',
  'kill_timeout',
  'memory_limit',
  'cron',
  'watch',
  'spawn_failed',
  'host_lost',
  'unknown',
] as const;

export type ExitReason = (typeof EXIT_REASONS)[number];

/** Why the supervisor itself told a process to go. */
export type StopCause = 'requested' | 'cron' | 'watch' | 'memory_limit' | 'ready_timeout';

/**
 * What the shell could learn about a death beyond code and signal: from the last bytes of stderr
 * (`uncaught`, `heap_oom`), from the kernel's counters (`kernel_oom`), from the end of its cluster host (`host_lost`).
 */
export type ExitHint = 'uncaught' | 'heap_oom' | 'kernel_oom' | 'host_lost' | null;

/** What the kernel reported: exactly one of the two is not null, or both are null when nobody knows. */
export interface ExitStatus {
  readonly code: number | null;
  readonly signal: string | null;
  readonly hint: ExitHint;
}

/** One death, as it is remembered and shown. */
export interface ExitRecord {
  readonly generation: number;
  readonly reason: ExitReason;
  readonly code: number | null;
  readonly signal: string | null;
  /** Milliseconds from ready (from spawn, if it never was ready) to the exit. */
  readonly uptimeMs: number;
  /** Text for people where there is more to say: the spawn error. */
  readonly message: string | null;
}

/**
 * Names the reason of a death that nobody asked for.
 * @param status code, signal and hint of the exit
 * @returns the reason word
 */
export function unaskedReason(status: ExitStatus): ExitReason {
  if (status.hint !== null) return status.hint;
  if (status.signal !== null) return 'signal';
  if (status.code === null) return 'unknown';
  return status.code === 0 ? 'clean' : 'error_code';
}

/**
 * Names the reason of a death that was asked for: what it was told for, unless a person's stop needed SIGKILL.
 * @param cause why it was told to go; null when it died by itself
 * @param killed true once SIGKILL was sent
 * @param status code, signal and hint of the exit
 * @returns the reason word
 */
export function reasonToldTo(cause: StopCause | null, killed: boolean, status: ExitStatus): ExitReason {
  if (cause === null) return unaskedReason(status);
  const patient = cause === 'requested' || cause === 'cron' || cause === 'watch';
  return killed && patient ? 'kill_timeout' : cause;
}
