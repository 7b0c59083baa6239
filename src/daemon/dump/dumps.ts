import type { ClearDumpView, SaveView } from '../../api/daemon-views.ts';
import { replaceFile } from '../../base/atomic-file.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf, PromvisorError } from '../../base/errors.ts';
import { VERSION } from '../../base/version.ts';
import { isWanted } from '../../core/resume.ts';
import type { Commands } from '../commands.ts';
import type { Fleet } from '../fleet.ts';
import { appKey } from '../instance.ts';
import type { Report } from '../operations.ts';
import type { DaemonLog } from '../own-log.ts';
import { type DumpEntry, dumpText, placeOf, readDump } from './dump-file.ts';

/** The snapshot of the list that `resurrect` brings back. */
export interface Dumps {
  /** Reads what is there, and follows the list from now on, where that is wanted. */
  follow(): void;
  /** Something of an instance may have changed. */
  touch(): void;
  /** The list is about to be emptied for good, which is not to be followed; what came before is. */
  freeze(): void;
  /** Writes the list as it is, and nothing else. */
  save(force: boolean): Promise<SaveView>;
  /** Adds the instances that are missing. */
  resurrect(commands: Commands, report: Report): Promise<void>;
  /** Leaves nothing to bring back. */
  clear(): Promise<ClearDumpView>;
  /** Writes what is to be written, and nothing by itself afterwards. */
  close(): Promise<void>;
}

export interface DumpsOptions {
  readonly file: string;
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly log: DaemonLog;
  /** True: the file follows the list by itself. */
  readonly autosave: boolean;
}

/** It is written when nothing has changed for this long, as a start of a hundred apps has better use for the machine, */
const QUIET_MS = 250;
/** and this long after the first change at the latest. */
const LATEST_MS = 2_000;
const RETRY_MS = 1_000;

export function createDumps({ file, fleet, clock, log, autosave }: DumpsOptions): Dumps {
  /** In the file and not on the list: from before a `kill`. What a command deletes is on the list until then. */
  let others: readonly DumpEntry[] = [];
  let written: readonly DumpEntry[] = [];
  /** Instances on the list when `others` was looked through. */
  let looked = -1;
  let touchedMs = 0;
  let following = false;
  let cancel: (() => void) | null = null;
  let problem: string | null = null;
  let turn: Promise<unknown> = Promise.resolve();

  function listed(): readonly DumpEntry[] {
    return fleet.all().map(({ id, slot, spec, state }) => ({ id, slot, spec, wanted: isWanted(state) }));
  }

  function merged(): readonly DumpEntry[] {
    return [...listed(), ...others].toSorted((a, b) => a.id - b.id);
  }

  /** At once: what was on the list for a moment only is deleted, and not from before. */
  function forgetListed(): void {
    const listedNow = fleet.all();
    // Each coming and going is told: a change of something else leaves the number as it is.
    if (listedNow.length === looked) return;
    looked = listedNow.length;
    const present = new Set(listedNow.map(placeOf));
    others = others.filter((entry) => !present.has(placeOf(entry)));
  }

  /** One write at a time. */
  function write(entries: readonly DumpEntry[]): Promise<void> {
    const text = dumpText(entries, { savedAtMs: clock.wallMs(), by: VERSION });
    const mine = turn.then(() => replaceFile(file, text, true));
    turn = mine.catch(() => {});
    written = entries;
    return mine;
  }

  function keepUp(): void {
    cancel?.();
    cancel = null;
    const entries = merged();
    if (!following || isSame(entries, written)) return;
    write(entries).then(
      () => {
        problem = null;
      },
      (error: unknown) => {
        written = [];
        if (messageOf(error) !== problem)
          log.error({ file, problem: messageOf(error) }, 'the dump could not be written');
        problem = messageOf(error);
        if (following) cancel ??= clock.after(RETRY_MS, keepUp);
      },
    );
  }

  function touch(): void {
    if (others.length > 0) forgetListed();
    if (!following) return;
    touchedMs = clock.nowMs();
    if (cancel !== null) return;
    const untilMs = touchedMs + LATEST_MS;
    cancel = clock.after(QUIET_MS, () => lookAgain(untilMs));
  }

  function lookAgain(untilMs: number): void {
    const nowMs = clock.nowMs();
    const quietMs = Math.min(touchedMs + QUIET_MS, untilMs) - nowMs;
    if (quietMs <= 0) keepUp();
    else cancel = clock.after(quietMs, () => lookAgain(untilMs));
  }

  function freeze(): void {
    if (cancel !== null) keepUp();
    following = false;
  }

  function refuseNewer(): void {
    try {
      readDump(file, clock.wallMs());
    } catch (error) {
      // What cannot be read was set aside.
      if (isNewer(error)) throw error;
    }
  }

  async function writeNow(entries: readonly DumpEntry[]): Promise<void> {
    cancel?.();
    cancel = null;
    others = [];
    await write(entries).catch((error: unknown) => {
      written = [];
      throw new PromvisorError('HOME_UNUSABLE', `${file}: the dump could not be written: ${messageOf(error)}`, {
        details: { file },
        cause: error,
      });
    });
  }

  return {
    follow() {
      if (!autosave) return;
      try {
        const read = readDump(file, clock.wallMs());
        if (read?.note) log.error({ problem: read.note }, 'the dump could not be read');
        others = read?.entries ?? [];
        following = true;
      } catch (error) {
        log.error({ problem: messageOf(error) }, 'the dump could not be read');
        // One of a newer version stays as it is until somebody says `save --force`.
        following = !isNewer(error);
      }
      touch();
    },
    touch,
    freeze,
    async save(force) {
      const entries = listed();
      const apps = new Set(entries.map(({ spec }) => appKey(spec))).size;
      if (entries.length === 0 && !force) return { file, saved: false, instances: 0, apps };
      if (!force) refuseNewer();
      await writeNow(entries);
      following = autosave;
      return { file, saved: true, instances: entries.length, apps };
    },
    async resurrect(commands, report) {
      if (cancel !== null) keepUp();
      await turn;
      const read = readDump(file, clock.wallMs());
      if (read === null) throw new PromvisorError('NOT_FOUND', `${file}: no dump is there; "promvisor save" makes one`);
      const present = new Set(listed().map(placeOf));
      const missing = read.entries.filter((entry) => !present.has(placeOf(entry)));
      const tell: Report = (progress) => {
        report(progress.type === 'begin' && read.note !== null ? { ...progress, note: read.note } : progress);
      };
      await commands.restore(missing, tell).catch((error: unknown) => {
        throw isInvalid(error) ? new PromvisorError('DUMP_UNREADABLE', `${file}: ${error.message}`) : error;
      });
    },
    async clear() {
      await writeNow([]);
      return { file };
    },
    async close() {
      freeze();
      await turn;
    },
  };
}

function isNewer(error: unknown): boolean {
  return error instanceof PromvisorError && error.code === 'STATE_NEWER';
}

function isInvalid(error: unknown): error is PromvisorError {
  return error instanceof PromvisorError && error.code === 'REQUEST_INVALID';
}

function isSame(a: readonly DumpEntry[], b: readonly DumpEntry[]): boolean {
  const same = (one: DumpEntry, two: DumpEntry | undefined) =>
    two !== undefined &&
    one.id === two.id &&
    one.slot === two.slot &&
    one.spec === two.spec &&
    one.wanted === two.wanted;
  return a.length === b.length && a.every((entry, at) => same(entry, b[at]));
}
