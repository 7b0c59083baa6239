import { type ErrorCode, messageOf, PromvisorError } from '../base/errors.ts';
import type { Problem } from './contract.ts';

const HTTP_STATUS: Readonly<Partial<Record<ErrorCode, number>>> = {
  REQUEST_INVALID: 400,
  CONFIG_INVALID: 400,
  USAGE: 400,
  NOT_FOUND: 404,
  ALREADY_RUNNING: 409,
  NOT_SUPPORTED: 422,
  SHUTTING_DOWN: 503,
};

/**
 * An error as application/problem+json.
 * @param error anything thrown
 * @returns the body; an unknown error becomes INTERNAL with its message
 * @see RFC 9457
 */
export function problemOf(error: unknown): Problem {
  const known = error instanceof PromvisorError ? error : new PromvisorError('INTERNAL', messageOf(error));
  return {
    type: `https://github.com/promvisor/promvisor/blob/main/docs/errors.md#${known.code.toLowerCase()}`,
    title: known.code.toLowerCase().replaceAll('_', ' '),
    status: HTTP_STATUS[known.code] ?? 500,
    detail: known.message,
    code: known.code,
    details: known.details,
  };
}
