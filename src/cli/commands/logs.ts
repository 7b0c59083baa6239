import type { LogStream } from '../../api/client.ts';
import type { LogFileView, LogRecordView } from '../../api/contract.ts';
import { messageOf, PromvisorError } from '../../base/errors.ts';
import { tailFile } from '../../logs/follow.ts';
import { createStamp } from '../../logs/stamp.ts';
import { type CliContext, type ExitCode, reader } from '../context.ts';
import { findLogFiles } from '../log-files.ts';
import { type LogLayout, type LogLine, labelWidthOf, logLabel, renderLogLine } from '../render/log-line.ts';

type Options = Readonly<Record<string, unknown>>;

const LINES_MAX = 1_000_000;
const STANDARD_STAMP = 'YYYY-MM-DDTHH:mm:ss';

/**
 * `logs [TARGET...]`: the last lines of each file, then every new line, none missing and none twice in between.
 * @param context of the command
 * @param targets operands; none means all
 * @param options `--lines --nostream --out --err --raw --timestamp`
 * @returns 0 also when it is interrupted, or when nobody reads on
 * @throws PromvisorError USAGE, NOT_FOUND, NO_DAEMON when there are no files either
 */
export async function logsCommand(
  context: CliContext,
  targets: readonly string[],
  options: Options,
): Promise<ExitCode> {
  const lines = linesOption(options['lines']);
  const wanted = (stream: 'out' | 'error') => {
    if (options['out'] === true && options['err'] !== true) return stream === 'out';
    return options['err'] === true && options['out'] !== true ? stream === 'error' : true;
  };
  const interrupt = interruption();
  try {
    const stream = await openStream(context, targets, interrupt.signal);
    const files = (stream?.head.files ?? findLogFiles(context.home, targets)).filter((file) => wanted(file.stream));
    if (stream === null && files.length === 0) throw noDaemon();
    const print = printer(context, options, files);
    for (const file of files) await printTail(context, { file, lines, print, options });
    if (stream === null) {
      context.terminal.err('promvisor: no daemon runs: these are the files as they were left\n');
      return 0;
    }
    if (options['nostream'] !== true) await printLive(stream.records, wanted, print);
    return await endOfStream(context, options, interrupt.signal);
  } catch (error) {
    if (interrupt.signal.aborted) return 0;
    throw error;
  } finally {
    interrupt.end();
  }
}

function linesOption(given: unknown): number {
  if (typeof given === 'string' && /^\d{1,9}$/.test(given)) return Math.min(Number(given), LINES_MAX);
  throw new PromvisorError('USAGE', `--lines: expected a whole number, got "${String(given)}"`);
}

interface Interruption {
  readonly signal: AbortSignal;
  /** Ends the connection and gives the signals back. */
  end(): void;
}

function interruption(): Interruption {
  const abort = new AbortController();
  const onSignal = () => abort.abort();
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: abort.signal,
    end() {
      abort.abort();
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}

async function openStream(
  context: CliContext,
  targets: readonly string[],
  signal: AbortSignal,
): Promise<LogStream | null> {
  try {
    return await reader(context).logs(targets, signal);
  } catch (error) {
    if (error instanceof PromvisorError && error.code === 'NO_DAEMON') return null;
    throw error;
  }
}

type Print = (line: LogLine) => Promise<void>;

function printer({ terminal, json }: CliContext, options: Options, files: readonly LogFileView[]): Print {
  const raw = options['raw'] === true;
  const { timestamp } = options;
  const stamp =
    timestamp === undefined ? null : createStamp(typeof timestamp === 'string' ? timestamp : STANDARD_STAMP, '');
  const labels = files.flatMap(({ ids, app }) =>
    [...ids, ...(ids.length === 1 ? [] : [null])].map((id) => logLabel(id, app)),
  );
  const layout: LogLayout = {
    raw,
    json,
    stamp: stamp === null ? null : (atMs) => stamp(atMs).toString(),
    labelWidth: labelWidthOf(labels),
    paint: terminal.paint,
  };
  return async (line) => {
    const text = renderLogLine(line, layout);
    if (raw && !json && line.stream === 'error') terminal.err(text);
    else terminal.out(text);
    await terminal.drained();
  };
}

interface Tail {
  readonly file: LogFileView;
  readonly lines: number;
  readonly print: Print;
  readonly options: Options;
}

async function printTail(context: CliContext, { file, lines, print, options }: Tail): Promise<void> {
  const { terminal, json } = context;
  const tail = await readTail(context, file, lines);
  if (tail.length === 0) return;
  if (!json && options['raw'] !== true) {
    terminal.out(
      `${terminal.paint('dim', `${file.path} last ${tail.length === 1 ? 'line' : `${tail.length} lines`}:`)}\n`,
    );
  }
  const id = file.ids.length === 1 ? (file.ids[0] ?? null) : null;
  for (const line of tail) {
    await print({ id, app: file.app, stream: file.stream, atMs: null, text: line.toString('utf8') });
  }
}

/** One unreadable file does not hide the others. */
async function readTail({ terminal }: CliContext, file: LogFileView, lines: number): Promise<Buffer[]> {
  try {
    return await tailFile(file.path, lines, file.bytes);
  } catch (error) {
    terminal.err(`promvisor: ${file.path}: ${messageOf(error)}\n`);
    return [];
  }
}

async function printLive(
  records: AsyncIterable<LogRecordView>,
  wanted: (stream: 'out' | 'error') => boolean,
  print: Print,
): Promise<void> {
  for await (const record of records) if (wanted(record.stream)) await print(record);
}

/** A stream that ends by itself was cut off: as the daemon ended, or as we could not keep up. */
async function endOfStream(context: CliContext, options: Options, signal: AbortSignal): Promise<ExitCode> {
  if (options['nostream'] === true || signal.aborted) return 0;
  await reader(context).ping();
  throw new PromvisorError('PROTOCOL', 'the daemon ended the stream, as it was read too slowly; the files have it all');
}

function noDaemon(): PromvisorError {
  return new PromvisorError('NO_DAEMON', 'no daemon runs, and the home has no logs of that name');
}
