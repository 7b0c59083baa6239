import type { DeathView } from '../../api/contract.ts';
import { type JournalRecord, type JournalSubject, journalFilter, readJournal, recordsOf } from '../../api/journal.ts';
import type { StreamContext } from '../../api/server.ts';
import type { Clock } from '../../base/clock.ts';
import { VERSION } from '../../base/version.ts';
import type { Transition } from '../../core/states.ts';
import { HISTORY_LENGTH, type Instance } from '../instance.ts';
import type { DaemonLog } from '../own-log.ts';
import { createJournalFile } from './journal-file.ts';

/** Everything that happened to the instances, on disk. */
export interface Journal {
  /** A listener of the bus, after the flight recorder. */
  follow(instance: Instance, transition: Transition, atMs: number): void;
  added(instance: Instance): void;
  removed(instance: Instance): void;
  /** Gives instances of another daemon their history, and notes what they are in. */
  found(instances: readonly Instance[]): void;
  /** What there is since a moment, then what comes, if that is wanted. */
  stream(query: URLSearchParams, stream: StreamContext): Promise<void>;
  /** Records that were lost, over all. */
  dropped(): number;
  close(event: 'left' | 'ended'): Promise<void>;
}

export interface JournalOptions {
  readonly file: string;
  readonly clock: Clock;
  readonly log: DaemonLog;
  readonly instances: () => readonly Instance[];
  readonly maxBytes?: number;
}

const MAX_BYTES = 4 * 1_048_576;
/** Of the end of the journal, for the history of instances: some thousand records. */
const HISTORY_BYTES = 512 * 1024;
/** A client that lags this far behind is cut off. */
const MAX_PENDING_BYTES = 8 * 1_048_576;
/** The whole output is in the log files. */
const LAST_LINES = 10;
const LONGEST_LINE = 500;

type Unnumbered<T> = T extends unknown ? Omit<T, 'seq' | 'atMs'> : never;

/**
 * Opens the journal of a home and notes that a daemon has started.
 * @param options where, and whose
 */
export function openJournal({ file, clock, log, instances, maxBytes = MAX_BYTES }: JournalOptions): Journal {
  let past = readJournal(file, HISTORY_BYTES);
  const listeners = new Set<(record: JournalRecord) => void>();
  let seq = past.at(-1)?.seq ?? 0;
  const journal = createJournalFile({
    file,
    clock,
    maxBytes,
    head: () => instances().map((instance) => JSON.stringify(number(stateOf(instance, 'rolled')))),
    onDropped: (count) => JSON.stringify(number({ type: 'dropped', count })),
    onProblem: (problem) => log.error({ file, problem }, 'events could not be written to the journal'),
  });

  function number(content: Unnumbered<JournalRecord>, atMs = clock.wallMs()): JournalRecord {
    seq++;
    // The parts of one record, and the two that all have.
    return { seq, atMs, ...content } as JournalRecord;
  }

  function put(content: Unnumbered<JournalRecord>, atMs?: number): void {
    const record = number(content, atMs);
    journal.append(JSON.stringify(record));
    for (const listener of listeners) listener(record);
  }

  function tellDaemon(event: 'started' | 'left' | 'ended'): void {
    put({ type: 'daemon', event, pid: process.pid, version: VERSION });
  }

  async function stream(query: URLSearchParams, { write, pendingBytes, gone }: StreamContext): Promise<void> {
    const sinceMs = Number(query.get('since') ?? 0);
    const wanted = journalFilter({ sinceMs, targets: query.getAll('target') });
    const from = seq;
    const early: JournalRecord[] = [];
    let tell = (record: JournalRecord) => void early.push(record);
    const listener = (record: JournalRecord) => tell(record);
    listeners.add(listener);
    try {
      await journal.settled();
      for await (const record of recordsOf(file)) {
        if (gone.aborted) return;
        if (record.seq <= from && wanted(record)) write(record);
      }
      if (query.get('follow') !== 'true') return;
      await new Promise<void>((resolve) => {
        tell = (record) => {
          if (wanted(record)) write(record);
          if (pendingBytes() > MAX_PENDING_BYTES) resolve();
        };
        for (const record of early) tell(record);
        gone.addEventListener('abort', () => resolve());
        if (gone.aborted) resolve();
      });
    } finally {
      listeners.delete(listener);
    }
  }

  tellDaemon('started');
  return {
    follow(instance, transition, atMs) {
      const view = instance.history.at(-1);
      if (view === undefined) return;
      const death = transition.exit === null ? null : shortened(instance.lastDeath);
      put({ type: 'transition', ...subjectOf(instance), ...view, death }, atMs);
    },
    added: (instance) => put(stateOf(instance, 'added')),
    removed: (instance) => put({ type: 'removed', ...subjectOf(instance) }),
    found(restored) {
      for (const instance of restored) {
        restore(instance, past);
        put(stateOf(instance, 'found'));
      }
      past = [];
    },
    stream,
    dropped: journal.dropped,
    async close(event) {
      tellDaemon(event);
      await journal.settled();
    },
  };
}

function subjectOf({ id, slot, spec }: Instance): JournalSubject {
  return { id, app: spec.name, namespace: spec.namespace, slot };
}

function stateOf(instance: Instance, cause: 'added' | 'found' | 'rolled'): Unnumbered<JournalRecord> {
  const { phase, generation } = instance.state;
  return { type: 'state', ...subjectOf(instance), cause, status: phase.status, generation };
}

function shortened(death: DeathView | null): DeathView | null {
  if (death === null) return null;
  const cut = (lines: readonly string[]) => lines.slice(-LAST_LINES).map((line) => line.slice(0, LONGEST_LINE));
  const { out, error } = death.lastLines;
  return { ...death, lastLines: { out: cut(out), error: cut(error) } };
}

/** What is known of it from before this daemon. */
function restore(instance: Instance, past: readonly JournalRecord[]): void {
  const deaths: (DeathView | null)[] = [];
  const before = past.flatMap((record) => {
    if (record.type !== 'transition' || record.id !== instance.id || record.atMs < instance.createdAtMs) return [];
    if (record.app !== instance.spec.name || record.namespace !== instance.spec.namespace) return [];
    const { seq: _seq, type: _type, id: _id, app: _app, namespace: _namespace, slot: _slot, death, ...view } = record;
    deaths.push(death);
    return [view];
  });
  instance.lastDeath ??= deaths.findLast((death) => death !== null) ?? null;
  instance.history.unshift(...before.slice(-HISTORY_LENGTH));
  instance.history.splice(0, Math.max(0, instance.history.length - HISTORY_LENGTH));
}
