import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { numberAt, type ProcStat, parseStat, procBuffer, readProcFile } from './procfs.ts';

/** Bytes that went to and came from storage, of the process and of its children that were waited for. */
export interface ProcIo {
  readonly readBytes: number;
  readonly writeBytes: number;
}

export interface ProcStatus {
  readonly swapBytes: number;
  /** Of the main thread. */
  readonly voluntarySwitches: number;
  readonly involuntarySwitches: number;
}

/** The files of one process in /proc. They are kept open where the budget allows: such a read costs a third. */
export interface ProcFiles {
  /** null once the process has gone (a kept file never shows another process). */
  stat(): ProcStat | null;
  status(): ProcStatus | null;
  /** What is resident now, in pages: it costs a fifth of `stat`. null once the process has gone. */
  residentPages(): number | null;
  /** null where this user may not see it. */
  io(): ProcIo | null;
  /** null where this user may not see it. */
  openFds(): number | null;
  /** Soft limit of open files; null when it has none or may not be seen. */
  maxFds(): number | null;
  /** Proportional set size: the kernel walks all mappings for it. null where this user may not see it, or before Linux 4.14. */
  pssBytes(): number | null;
  close(): void;
}

/** How many files of /proc may be kept open at once. */
export interface FdBudget {
  take(): boolean;
  give(): void;
}

/**
 * Makes a budget.
 * @param limit most files kept open
 */
export function createFdBudget(limit: number): FdBudget {
  let used = 0;
  return {
    take() {
      if (used >= limit) return false;
      used++;
      return true;
    },
    give() {
      used--;
    },
  };
}

interface KeptFile {
  /** Fills `procBuffer`; bytes read, -1 when it cannot be read. */
  read(): number;
  close(): void;
}

/**
 * Opens nothing yet: files are opened when they are read first.
 * @param pid process id
 * @param budget shared by all
 * @returns readers of its files
 */
export function openProcFiles(pid: number, budget: FdBudget): ProcFiles {
  const stat = keepFile(`/proc/${pid}/stat`, budget);
  const status = keepFile(`/proc/${pid}/status`, budget);
  const io = keepFile(`/proc/${pid}/io`, budget);
  const statm = keepFile(`/proc/${pid}/statm`, budget);
  return {
    stat() {
      const length = stat.read();
      return length <= 0 ? null : parseStat(procBuffer, length);
    },
    status() {
      const length = status.read();
      return length <= 0 ? null : parseStatus(length);
    },
    io() {
      const length = io.read();
      return length <= 0 ? null : parseIo(length);
    },
    residentPages() {
      const length = statm.read();
      // Its second number.
      return length <= 0 ? null : numberAt(procBuffer, procBuffer.indexOf(SPACE) + 1, length);
    },
    openFds: () => countFds(pid),
    maxFds: () => readMaxFds(pid),
    pssBytes: () => readPss(pid),
    close() {
      stat.close();
      status.close();
      io.close();
      statm.close();
    },
  };
}

function keepFile(path: string, budget: FdBudget): KeptFile {
  let fd = -1;
  /** Refused or gone: neither changes for this process, and every failed try costs an exception. */
  let useless = false;

  function close(): void {
    if (fd < 0) return;
    closeSync(fd);
    fd = -1;
    budget.give();
  }

  function readKept(): number {
    try {
      if (fd < 0) fd = openSync(path, 'r');
      return readSync(fd, procBuffer, 0, procBuffer.length, 0);
    } catch {
      useless = true;
      if (fd < 0) budget.give();
      close();
      return -1;
    }
  }

  return {
    read() {
      if (useless) return -1;
      if (fd >= 0 || budget.take()) return readKept();
      const length = readProcFile(path);
      useless = length < 0;
      return length;
    },
    close() {
      useless = true;
      close();
    },
  };
}

const SPACE = 0x20;
const SWAP = Buffer.from('\nVmSwap:');
const VOLUNTARY = Buffer.from('\nvoluntary_ctxt_switches:');
const INVOLUNTARY = Buffer.from('\nnonvoluntary_ctxt_switches:');
const PSS = Buffer.from('\nPss:');
const READ_BYTES = Buffer.from('\nread_bytes:');
const WRITE_BYTES = Buffer.from('\nwrite_bytes:');
const KIB = 1024;

function parseStatus(length: number): ProcStatus {
  return {
    swapBytes: valueAfter(SWAP, length) * KIB,
    voluntarySwitches: valueAfter(VOLUNTARY, length),
    involuntarySwitches: valueAfter(INVOLUNTARY, length),
  };
}

function parseIo(length: number): ProcIo {
  return { readBytes: valueAfter(READ_BYTES, length), writeBytes: valueAfter(WRITE_BYTES, length) };
}

/** The number after a key in `procBuffer`; 0 without the key, as kernel threads have no memory lines. */
function valueAfter(key: Buffer, length: number): number {
  let at = procBuffer.indexOf(key);
  // What lies behind the text is left from an earlier, longer one.
  if (at < 0 || at >= length) return 0;
  at += key.length;
  while (procBuffer[at] === 0x20 || procBuffer[at] === 0x09) at++;
  return numberAt(procBuffer, at, length);
}

/** Since Linux 6.2 the size of the directory is the number of open files; before, it is 0 and they are counted. */
function countFds(pid: number): number | null {
  const path = `/proc/${pid}/fd`;
  try {
    const { size } = statSync(path);
    return size > 0 ? size : readdirSync(path).length;
  } catch {
    return null;
  }
}

function readMaxFds(pid: number): number | null {
  const length = readProcFile(`/proc/${pid}/limits`);
  if (length <= 0) return null;
  const found = /^Max open files\s+(\d+)/m.exec(procBuffer.toString('latin1', 0, length));
  return found === null ? null : Number(found[1]);
}

/** @see proc(5): /proc/PID/smaps_rollup begins with the range of the mappings; kernel threads have nothing in it */
function readPss(pid: number): number | null {
  const length = readProcFile(`/proc/${pid}/smaps_rollup`);
  return length <= 0 ? null : valueAfter(PSS, length) * KIB;
}
