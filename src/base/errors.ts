/** Every error code of the product, and the exit code that the CLI gives for it. docs/errors.md has a heading for each. */
export const ERROR_CODES = {
  CONFIG_INVALID: 2,
  CONFIG_NOT_FOUND: 2,
  CONFIG_UNREADABLE: 2,
  USAGE: 2,
  REQUEST_INVALID: 2,
  NO_DAEMON: 3,
  NOT_FOUND: 4,
  TIMED_OUT: 5,
  ALREADY_RUNNING: 1,
  RELOAD_IN_PROGRESS: 1,
  NOT_SUPPORTED: 1,
  START_FAILED: 1,
  STOP_FAILED: 1,
  DAEMON_START_FAILED: 1,
  STARTUP_FAILED: 1,
  SETTINGS_INVALID: 2,
  HOME_UNUSABLE: 1,
  STATE_NEWER: 1,
  DUMP_UNREADABLE: 1,
  SHUTTING_DOWN: 1,
  PROTOCOL: 1,
  INTERNAL: 1,
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** Data that explains an error: JSON values only, never environment values. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** The one error class of the product: a code from the table, a message that names the thing, details as data. */
export class PromvisorError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: { details?: ErrorDetails; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'PromvisorError';
    this.code = code;
    this.details = options.details ?? {};
  }
}

/**
 * Text of anything thrown.
 * @param error any value
 * @returns its message, or its string form
 */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Code of a failed system call.
 * @param error any value
 * @returns for example `ENOENT`, or null
 */
export function errnoOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}
