import type { TargetsRequest } from './contract.ts';

/** A message that an app has sent on its IPC channel. */
export interface AppMessageView {
  readonly type: 'message';
  readonly id: number;
  readonly app: string;
  readonly namespace: string;
  readonly slot: number;
  /** Unix ms. */
  readonly atMs: number;
  /** JSON, as the app gave it to process.send. */
  readonly message: unknown;
}

/** A line for the standard input of fork-mode processes. */
export interface LineRequest extends TargetsRequest {
  /** Without its newline. */
  readonly line: string;
}

/** A message for the IPC channel of Node processes. */
export interface MessageRequest extends TargetsRequest {
  readonly message: unknown;
}

/** How many processes were given it. */
export interface SentView {
  readonly sent: number;
}
