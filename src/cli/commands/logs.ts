import type { Client, LogStream } from '../../api/client.ts';
import type { LogFileView } from '../../api/log-views.ts';
import { messageOf, PromvisorError } from '../../base/errors.ts';
import { type CliContext, type ExitCode, reader } from '../context.ts';
import { findLogFiles } from '../log-files.ts';
import { bytesOf, findParts, type LogPart, partsAfter, readParts } from '../log-history.ts';
import { type LogOptions, readLogOptions } from '../log-options.ts';
import { printLogPaths } from '../log-paths.ts';
import { createLogPrinter, type PrintLines } from '../log-printer.ts';

/** The daemon would give us up while more than this is printed: it is printed first, without a stream. */
const LONG_BYTES = 4 * 1024 * 1024;
const MOST_ROUNDS = 10;

/** One run of the command. */
export interface LogsRun {
  readonly context: CliContext;
  readonly client: Client;
  readonly targets: readonly string[];
  readonly options: LogOptions;
  /** Aborted when the user has seen enough. */
  readonly interrupted: AbortSignal;
}

/**
 * `logs [TARGET...]`: lines of the past, then every new line, none missing and none twice in between.
 * @param context of the command
 * @param targets operands; none means all
 * @param given options, see `readLogOptions`
 * @returns 0 also when it is interrupted, or when nobody reads on
 * @throws PromvisorError USAGE, NOT_FOUND, NO_DAEMON when there are no files either or following was asked for
 */
export async function logsCommand(
  context: CliContext,
  targets: readonly string[],
  given: Readonly<Record<string, unknown>>,
): Promise<ExitCode> {
  const options = readLogOptions(given, { json: context.json, nowMs: context.nowMs() });
  const abort = new AbortController();
  const onSignal = () => abort.abort();
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    await showLogs({ context, client: reader(context), targets, options, interrupted: abort.signal });
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  } finally {
    abort.abort();
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
  return 0;
}

/**
 * Shows lines of the past, then every new line.
 * @param run what of, and until when
 * @throws PromvisorError as `logs`; PROTOCOL when the daemon goes on, and has ended the stream
 */
export async function showLogs(run: LogsRun): Promise<void> {
  const { context, targets, options } = run;
  const opened = await openDaemon(run, options.follow && !options.paths);
  const files = wantedFiles(opened?.stream.head.files ?? findLogFiles(context.home, targets), options);
  if (opened === null && files.length === 0) {
    throw new PromvisorError('NO_DAEMON', 'no daemon runs, and the home has no logs of that name');
  }
  if (options.paths) return printLogPaths(context, files);
  const print = createLogPrinter(context.terminal, options, files);
  const parts = await findParts(files, options.query, onUnreadable(run));
  if (opened !== null && options.follow) return await follow(run, { opened, parts, print });
  await printParts(run, parts, print);
  if (opened !== null) return;
  context.terminal.err('promvisor: no daemon runs: these are the files as they were left\n');
  if (options.mustFollow) throw new PromvisorError('NO_DAEMON', 'no daemon runs: there is nothing to follow');
}

interface Opened {
  readonly stream: LogStream;
  close(): void;
}

async function openDaemon({ client, targets, interrupted }: LogsRun, follows: boolean): Promise<Opened | null> {
  const abort = new AbortController();
  const signal = AbortSignal.any([interrupted, abort.signal]);
  try {
    const stream = await client.logs(targets, { follow: follows, signal });
    return { stream, close: () => abort.abort() };
  } catch (error) {
    if (error instanceof PromvisorError && error.code === 'NO_DAEMON') return null;
    throw error;
  }
}

function wantedFiles(files: readonly LogFileView[], { wants }: LogOptions): LogFileView[] {
  return files.filter(({ stream }) => wants(stream));
}

function onUnreadable({ context }: LogsRun): (file: string, error: unknown) => void {
  return (file, error) => context.terminal.err(`promvisor: ${file}: ${messageOf(error)}\n`);
}

async function printParts(run: LogsRun, parts: readonly LogPart[], print: PrintLines): Promise<void> {
  for await (const lines of readParts(parts, run.options.query.match, onUnreadable(run))) {
    await print(lines);
    run.interrupted.throwIfAborted();
  }
}

interface Following {
  readonly opened: Opened;
  /** What is to be printed before the lines of the stream. */
  readonly parts: readonly LogPart[];
  readonly print: PrintLines;
}

async function follow(run: LogsRun, { opened, parts, print }: Following): Promise<void> {
  let { stream, close } = opened;
  let left = parts;
  for (let round = 0; round < MOST_ROUNDS && bytesOf(left) > LONG_BYTES; round++) {
    close();
    await printParts(run, left, print);
    const next = await openDaemon(run, true);
    if (next === null) throw new PromvisorError('NO_DAEMON', 'no daemon runs any more');
    ({ stream, close } = next);
    left = partsAfter(left, wantedFiles(stream.head.files, run.options));
  }
  await printParts(run, left, print);
  await printLive(run, stream, print);
}

async function printLive(
  { client, options, interrupted }: LogsRun,
  stream: LogStream,
  print: PrintLines,
): Promise<void> {
  const { match } = options.query;
  for await (const record of stream.records) {
    if (options.wants(record.stream) && (match === null || match.inText(record.text))) await print([record]);
  }
  if (interrupted.aborted) return;
  // A stream that ends by itself was cut off: as the daemon ended, or as we could not keep up.
  await client.ping();
  throw new PromvisorError('PROTOCOL', 'the daemon ended the stream, as it was read too slowly; the files have it all');
}
