import { problemOf } from '../../api/problem.ts';
import { PromvisorError } from '../../base/errors.ts';
import { logsCommand } from '../commands/logs.ts';
import { problemLines } from './errors.ts';
import { flagOf } from './flags.ts';
import { logFilesOf, type StreamName } from './log-order.ts';
import { type Row, rowsOf } from './row.ts';
import type { Stage } from './stage.ts';
import { idsOf } from './targets.ts';

const DEFAULT_LINES = 15;
/** PM2 writes `id|name` into this many columns before each line of the past. */
const LABEL_COLUMNS = 10;

/**
 * `logs [TARGET]`: the last lines, file after file, then what comes.
 * @param stage of the command
 * @returns 0
 */
export async function logs(stage: Stage): Promise<number> {
  const { call } = stage;
  const [target = 'all'] = call.operands;
  const isData = flagOf(call, 'json') !== undefined || flagOf(call, 'format') !== undefined;
  const follows = flagOf(call, 'nostream') === undefined;
  if (!isData || !follows) await tail(stage, target);
  return follows ? followLogs(stage, call.operands) : 0;
}

async function tail(stage: Stage, target: string): Promise<void> {
  const { call, context } = stage;
  const lines = flagOf(call, 'lines');
  const count = typeof lines === 'string' && /^\d+$/.test(lines) ? lines : String(DEFAULT_LINES);
  const { out } = context.terminal;
  const client = await stage.client();
  const ids = await idsOf(client, target);
  const rows = (await rowsOf(client)).filter(({ pm_id }) => ids.includes(pm_id));
  const noun = target === 'all' ? 'processes' : 'process';
  out(`[TAILING] Tailing last ${count} lines for [${target}] ${noun} (change the value with --lines option)\n`);
  for (const { row, stream, file } of logFilesOf(rows, wantedOf(stage))) {
    out(`${file} last ${count} lines:\n`);
    const text = await lastLines(stage, { row, stream, count });
    print(stage, text, { stream, label: `${row.pm_id}|${row.name}` });
  }
}

function wantedOf({ call }: Stage): readonly StreamName[] {
  const [out, err] = [flagOf(call, 'out') !== undefined, flagOf(call, 'err') !== undefined];
  if (out === err) return ['out', 'err'];
  return out ? ['out'] : ['err'];
}

interface Tail {
  readonly row: Row;
  readonly stream: StreamName;
  readonly count: string;
}

/** What `logs --raw` of ours prints, rolled files included. */
async function lastLines({ context }: Stage, { row, stream, count }: Tail): Promise<string> {
  let text = '';
  const keep = (part: string) => {
    text += part;
  };
  const terminal = { ...context.terminal, live: false, out: keep, err: keep };
  const options = { raw: true, nostream: true, [stream]: true, lines: count };
  await logsCommand({ ...context, terminal }, [String(row.pm_id)], options);
  return text;
}

function print(
  { call, context }: Stage,
  text: string,
  { stream, label }: { readonly stream: StreamName; readonly label: string },
): void {
  if (text === '') return;
  const { out, err } = context.terminal;
  if (flagOf(call, 'raw') !== undefined) {
    (stream === 'out' ? out : err)(text);
  } else {
    const head = label.slice(0, LABEL_COLUMNS).padEnd(LABEL_COLUMNS);
    for (const line of text.replace(/\n$/, '').split('\n')) out(`${head} | ${line}\n`);
  }
  out('\n');
}

/**
 * Prints what apps write, as they write it.
 * @param stage of the command
 * @param targets none means all
 * @returns 0, 1 when there is no such app
 */
export async function followLogs({ call, context, complain }: Stage, targets: readonly string[]): Promise<number> {
  const passed = ['raw', 'json', 'format', 'out', 'err', 'timestamp', 'highlight'];
  const options = Object.fromEntries(
    passed.flatMap((name) => {
      const value = flagOf(call, name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
  try {
    return await logsCommand({ ...context, json: options['json'] === true }, targets, { ...options, lines: '0' });
  } catch (error) {
    if (!(error instanceof PromvisorError)) throw error;
    problemLines(problemOf(error), targets[0]).forEach(complain);
    return 1;
  }
}
