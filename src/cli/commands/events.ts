import { type JournalRecord, journalFilter, readJournal } from '../../api/journal.ts';
import { PromvisorError } from '../../base/errors.ts';
import { MOMENT_WORDS, parseMoment } from '../../base/moment.ts';
import { type CliContext, type ExitCode, reader } from '../context.ts';
import { eventLine } from '../render/event.ts';

type Options = Readonly<Record<string, unknown>>;

/** What is shown of the past where nobody says since when. */
const LATEST = 50;

interface Run {
  readonly context: CliContext;
  readonly targets: readonly string[];
  readonly sinceMs: number | null;
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

/**
 * `events [TARGET...]`: what happened to the instances, out of the journal, and what happens.
 * @param context of the command
 * @param targets operands; none means all
 * @param options `--since`, `--follow`
 * @returns 0 also when it is interrupted
 * @throws PromvisorError USAGE, NO_DAEMON when following was asked for and none runs
 */
export async function eventsCommand(
  context: CliContext,
  targets: readonly string[],
  options: Options,
): Promise<ExitCode> {
  const abort = new AbortController();
  const onSignal = () => abort.abort();
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const run: Run = {
    context,
    targets,
    sinceMs: momentOf(options['since'], context.nowMs()),
    follow: options['follow'] === true,
    signal: abort.signal,
  };
  try {
    await show(run);
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
  return 0;
}

async function show(run: Run): Promise<void> {
  const { context, targets, sinceMs, follow, signal } = run;
  const client = reader(context);
  const asked = { targets, sinceMs: sinceMs ?? 0, signal };
  if (follow && sinceMs !== null) return printAll(run, client.events({ ...asked, follow }));
  try {
    const past: JournalRecord[] = [];
    for await (const record of client.events({ ...asked, follow: false })) past.push(record);
    print(run, sinceMs === null ? past.slice(-LATEST) : past);
    if (!follow) return;
    const lastSeq = past.at(-1)?.seq ?? 0;
    await printAll(run, client.events({ ...asked, sinceMs: past.at(-1)?.atMs ?? 0, follow }), lastSeq);
  } catch (error) {
    if (!(error instanceof PromvisorError) || error.code !== 'NO_DAEMON') throw error;
    const records = readJournal(context.home.journalFile).filter(journalFilter(asked));
    print(run, sinceMs === null ? records.slice(-LATEST) : records);
    context.terminal.err('promvisor: no daemon runs: this is the journal as it was left\n');
    if (follow) throw error;
  }
}

async function printAll(run: Run, records: AsyncIterable<JournalRecord>, afterSeq = 0): Promise<void> {
  for await (const record of records) {
    if (record.seq <= afterSeq) continue;
    print(run, [record]);
    await run.context.terminal.drained();
  }
}

function print({ context }: Run, records: readonly JournalRecord[]): void {
  const { terminal, json } = context;
  const lines = json
    ? records.map((record) => JSON.stringify(record))
    : records.flatMap((record) => eventLine(record, terminal.paint) ?? []);
  if (lines.length > 0) terminal.out(`${lines.join('\n')}\n`);
}

function momentOf(given: unknown, nowMs: number): number | null {
  if (typeof given !== 'string') return null;
  const atMs = parseMoment(given, nowMs);
  if (atMs !== null) return atMs;
  throw new PromvisorError('USAGE', `--since: expected ${MOMENT_WORDS}, got "${given}"`);
}
