import { type Paint, painter, wantsColours } from './render/style.ts';

/** Where a command writes. */
export interface Terminal {
  /** True when stdout is a terminal: live lines may be drawn. */
  readonly live: boolean;
  /** Columns that lines of stdout may take. */
  readonly width: number;
  /** For stdout. */
  readonly paint: Paint;
  /** For stderr. */
  readonly paintError: Paint;
  out(text: string): void;
  err(text: string): void;
  /** Resolves once stdout takes more: a reader may be slower than we are. */
  drained(): Promise<void>;
}

/** Without a terminal: as wide as people's windows at least are. */
const DEFAULT_WIDTH = 80;
/** Below this nothing can be laid out: lines then pass the width. */
const LEAST_WIDTH = 20;

/**
 * The streams of this process as a terminal.
 * @param env NO_COLOR, FORCE_COLOR, TERM and COLUMNS are looked at
 * @param plainOnly true for `--no-color`
 * @returns the terminal
 */
export function processTerminal(env: NodeJS.ProcessEnv, plainOnly: boolean): Terminal {
  const { stdout, stderr } = process;
  const live = stdout.isTTY === true;
  return {
    live,
    width: Math.max(LEAST_WIDTH, live ? stdout.columns || DEFAULT_WIDTH : widthFrom(env)),
    paint: painter(!plainOnly && wantsColours(env, live)),
    get paintError() {
      // stderr is only made when something is said there.
      return painter(!plainOnly && wantsColours(env, stderr.isTTY === true));
    },
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    drained: () =>
      stdout.writableNeedDrain ? new Promise((resolve) => stdout.once('drain', resolve)) : Promise.resolve(),
  };
}

function widthFrom({ COLUMNS: columns }: NodeJS.ProcessEnv): number {
  return columns !== undefined && /^\d{1,4}$/.test(columns) ? Number(columns) : DEFAULT_WIDTH;
}
