import * as z from 'zod/mini';
import { line, parsed, targets } from './wire.ts';

const lineRequest = z.strictObject({ targets, line }, 'an object');
const messageRequest = z.strictObject(
  { targets, message: z.unknown().check(z.refine((value) => value !== undefined, 'JSON')) },
  'an object',
);

/**
 * Checks the body of a line for standard inputs.
 * @param value parsed JSON
 * @returns targets and the line
 * @throws PromvisorError REQUEST_INVALID
 */
export function parseLineRequest(value: unknown): z.output<typeof lineRequest> {
  return parsed(lineRequest, value);
}

/**
 * Checks the body of a message for apps.
 * @param value parsed JSON
 * @returns targets and the message
 * @throws PromvisorError REQUEST_INVALID
 */
export function parseMessageRequest(value: unknown): z.output<typeof messageRequest> {
  return parsed(messageRequest, value);
}
