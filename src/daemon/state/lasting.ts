import type { Clock } from '../../base/clock.ts';
import type { Home } from '../../base/paths.ts';
import type { ExitWatch } from '../../os/exit-watch.ts';
import type { Agents } from '../agents.ts';
import type { Deaths } from '../deaths.ts';
import type { Figures } from '../figures.ts';
import type { Fleet } from '../fleet.ts';
import type { Hosts } from '../hosts.ts';
import { createMarks, type Marks } from '../marks.ts';
import type { DaemonLog } from '../own-log.ts';
import type { Telemetry } from '../telemetry.ts';
import { adopt } from './adopt.ts';
import { stateText } from './saved.ts';
import { createSnapshot } from './snapshot.ts';
import { createStore, loadState, type Store } from './store.ts';
import { restoreTotals, totalsText } from './totals.ts';

/** A scrape does not wait longer for the disk. */
const SHOWN_LIMIT_MS = 50;

/** What outlives the daemon, and what one before it has left. */
export interface Lasting {
  /** What this daemon starts carries these. */
  readonly marks: Marks;
  /** Specs, wishes, processes, hosts. */
  readonly state: Store;
  /** Counters. */
  readonly totals: Store;
  /** Counters are about to be shown: waits until they are on disk, for a bounded time, as none of them may fall under the next daemon. */
  shown(): Promise<void>;
  /**
   * Goes on with what the last daemon has left.
   * @returns how many living processes were taken over
   */
  takeOver(): Promise<number>;
  /** Writes down that what is up now is to be up again, and nothing after that. */
  freeze(): Promise<void>;
  /** What people have to know, null for nothing. */
  warning(): string | null;
  close(): Promise<void>;
}

export interface LastingOptions {
  readonly home: Home;
  readonly clock: Clock;
  readonly log: DaemonLog;
  readonly exits: ExitWatch;
  /** The parts of the daemon, once all are there. */
  readonly parts: () => LastingParts;
}

export interface LastingParts {
  readonly fleet: Fleet;
  readonly hosts: Hosts;
  readonly agents: Agents;
  readonly deaths: Deaths;
  readonly figures: Figures;
  readonly telemetry: Telemetry;
}

/**
 * Reads what the last daemon has left, before anything is touched.
 * @param options where it is, and the parts of this daemon
 * @throws PromvisorError STATE_NEWER
 */
export function createLasting({ home, clock, log, exits, parts }: LastingOptions): Lasting {
  const left = loadState(home.stateFile, log, clock.wallMs());
  const marks = createMarks(home);
  let isStopping = false;
  let snapshot: ReturnType<typeof createSnapshot> | null = null;
  const { wallMs } = clock;
  const state = createStore({
    file: home.stateFile,
    clock,
    log,
    durable: true,
    text() {
      const { fleet, hosts } = parts();
      snapshot ??= createSnapshot({ fleet, hosts, nonce: marks.nonce, isStopping: () => isStopping, wallMs });
      return stateText(snapshot());
    },
  });
  const text = () => totalsText(parts());
  const totals = createStore({ file: home.totalsFile, clock, log, durable: false, text });

  async function close(): Promise<void> {
    await Promise.all([state.close(), totals.close()]);
  }

  return {
    marks,
    state,
    totals,
    shown() {
      totals.touch();
      return new Promise((resolve) => {
        const cancel = clock.after(SHOWN_LIMIT_MS, resolve);
        void totals.settled().then(() => {
          cancel();
          resolve();
        });
      });
    },
    async takeOver() {
      const present = parts();
      const restore = () => restoreTotals(home.totalsFile, present, log);
      const options = { ...present, exits, marks, clock, log, restoreTotals: restore };
      const adopted = left === null ? 0 : await adopt(left, options);
      present.telemetry.takeLeft();
      return adopted;
    },
    async freeze() {
      isStopping = true;
      state.touch();
      totals.touch();
      await close();
    },
    warning() {
      const problem = state.problem();
      if (problem === null) return null;
      return `the state could not be saved (${problem}); until it can, the next daemon would know it as it was before`;
    },
    close,
  };
}
