import { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { WAITED_CHANNEL } from './child-exits.ts';
import { type ProcStat, readProcStat } from './procfs.ts';

/** What processes used in their life, with the children that they had waited for. */
export interface Usage {
  readonly userTicks: number;
  readonly systemTicks: number;
  readonly minorFaults: number;
  readonly majorFaults: number;
}

export interface Reaped {
  /**
   * A process has ended and was waited for.
   * @param ended what the account is told with
   * @param reaperPid who waited for it: this process, or the host of a cluster
   */
  ended(ended: EndedProcess, reaperPid: number): void;
  close(): void;
}

export interface EndedProcess {
  /** Of the instance. */
  readonly id: number;
  readonly pid: number;
  readonly startTicks: number;
}

interface Reaper {
  readonly startTicks: number;
  used: Usage;
}

interface Batch {
  readonly ended: EndedProcess[];
  /** Of children of this process, those that are nobody's here (mkfifo, a host) among them. */
  exits: number;
}

/** Told of each child process that this one makes, whoever makes it. @see https://nodejs.org/api/diagnostics_channel.html#process */
const CHILDREN = 'child_process';

const NOTHING: Usage = { userTicks: 0, systemTicks: 0, minorFaults: 0, majorFaults: 0 };

/**
 * Finds out what processes used up to their end, which no look at them can: Node waits for them before it says so.
 * What the kernel adds to whoever waited is theirs, exactly for one and as a sum for some that ended together.
 * @param onEnded told of those that one reaper waited for at once, and what they used together
 * @returns the account; it stays silent where there is no /proc
 * @see wait(2), proc(5): cutime, cstime, cminflt and cmajflt of /proc/PID/stat
 */
export function openReaped(onEnded: (ended: readonly EndedProcess[], used: Usage) => void): Reaped {
  const self = readProcStat(process.pid);
  const reapers = new Map<number, Reaper>();
  const batches = new Map<number, Batch>();
  if (self !== null) reapers.set(self.pid, { startTicks: self.startTicks, used: childrenOf(self) });

  /** Everything that was waited for in one turn of the event loop is told in this turn: the look comes after it. */
  function batchOf(reaperPid: number): Batch {
    const known = batches.get(reaperPid);
    if (known !== undefined) return known;
    const batch: Batch = { ended: [], exits: 0 };
    batches.set(reaperPid, batch);
    setImmediate(() => {
      batches.delete(reaperPid);
      const used = growthOf(reaperPid);
      // What a stranger used cannot be told apart, and is not to be taken for another's.
      const strangers = reaperPid === self?.pid && batch.exits !== batch.ended.length;
      if (used !== null && batch.ended.length > 0 && !strangers) onEnded(batch.ended, used);
    });
    return batch;
  }

  function growthOf(pid: number): Usage | null {
    const stat = readProcStat(pid);
    if (stat === null || self === null) {
      reapers.delete(pid);
      return null;
    }
    const now = childrenOf(stat);
    let reaper = reapers.get(pid);
    if (reaper?.startTicks !== stat.startTicks) {
      // One that is older than this process has waited for others before.
      reaper = { startTicks: stat.startTicks, used: stat.startTicks < self.startTicks ? now : NOTHING };
      reapers.set(pid, reaper);
    }
    const before = reaper.used;
    reaper.used = now;
    return {
      userTicks: now.userTicks - before.userTicks,
      systemTicks: now.systemTicks - before.systemTicks,
      minorFaults: now.minorFaults - before.minorFaults,
      majorFaults: now.majorFaults - before.majorFaults,
    };
  }

  function follow(message: unknown): void {
    if (typeof message !== 'object' || message === null || !('process' in message)) return;
    if (!(message.process instanceof ChildProcess)) return;
    message.process.once('exit', countExit);
  }

  function countExit(): void {
    batchOf(process.pid).exits++;
  }

  if (self !== null) {
    subscribe(CHILDREN, follow);
    subscribe(WAITED_CHANNEL, countExit);
  }
  return {
    ended(ended, reaperPid) {
      if (self !== null) batchOf(reaperPid).ended.push(ended);
    },
    close() {
      unsubscribe(CHILDREN, follow);
      unsubscribe(WAITED_CHANNEL, countExit);
    },
  };
}

function childrenOf(stat: ProcStat): Usage {
  return {
    userTicks: stat.childUserTicks,
    systemTicks: stat.childSystemTicks,
    minorFaults: stat.childMinorFaults,
    majorFaults: stat.childMajorFaults,
  };
}
