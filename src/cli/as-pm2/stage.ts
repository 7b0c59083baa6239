import type { Client } from '../../api/client.ts';
import type { CliContext } from '../context.ts';
import type { Pm2Call } from './flags.ts';

/** What a command of PM2 has to work with. */
export interface Stage {
  readonly context: CliContext;
  readonly call: Pm2Call;
  /** Where PM2 keeps its things, and we beside it. */
  readonly home: string;
  /** The daemon; it is started where none runs. */
  readonly client: () => Promise<Client>;
  /** A line on stdout, unless `--silent`. */
  readonly say: (line: string) => void;
  /** A line on stderr, unless `--silent`. */
  readonly complain: (line: string) => void;
}

/**
 * A line as PM2 marks its own.
 * @param text what is done
 */
export function told(text: string): string {
  return `[PM2] ${text}`;
}

export function warned(text: string): string {
  return `[PM2][WARN] ${text}`;
}

export function failed(text: string): string {
  return `[PM2][ERROR] ${text}`;
}
