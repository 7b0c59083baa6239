import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';

/** What /proc/PID/stat says of one process: proc(5). */
export interface ProcStat {
  readonly pid: number;
  /** One letter: R, S, D, Z (zombie), T, I, X (dead). */
  readonly state: string;
  readonly ppid: number;
  readonly pgrp: number;
  readonly session: number;
  /** Page faults: minor ones needed no disk. Of children: those that ended and were waited for, theirs included. */
  readonly minorFaults: number;
  readonly childMinorFaults: number;
  readonly majorFaults: number;
  readonly childMajorFaults: number;
  readonly userTicks: number;
  readonly systemTicks: number;
  /** Of children that ended and were waited for, theirs included. */
  readonly childUserTicks: number;
  readonly childSystemTicks: number;
  readonly threads: number;
  /** Clock ticks since boot. */
  readonly startTicks: number;
  readonly virtualBytes: number;
  readonly rssBytes: number;
}

/** All reads of /proc go through one buffer: they are synchronous, and parsed before the next one. */
export const procBuffer = Buffer.allocUnsafeSlow(16 * 1024);

const SPACE = 0x20;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const CLOSING_PAREN = 0x29;

/** Fields of stat are counted from 1 in proc(5); the first number after the state is field 4. */
const FIRST_FIELD = 4;
const LAST_FIELD = 24;
const fields = new Float64Array(LAST_FIELD + 1);

/**
 * Reads and parses /proc/PID/stat.
 * @param pid process id
 * @returns its figures, or null when there is no such process (or no /proc)
 */
export function readProcStat(pid: number): ProcStat | null {
  const length = readProcFile(`/proc/${pid}/stat`);
  return length <= 0 ? null : parseStat(procBuffer, length);
}

/**
 * Parses the text of /proc/PID/stat.
 * @param bytes holds the text from its start
 * @param length how many bytes of it are text
 * @returns its figures, or null when the text is not whole
 * @see proc(5): comm may hold spaces, parentheses and newlines, but only numbers follow its last closing parenthesis
 */
export function parseStat(bytes: Buffer, length: number): ProcStat | null {
  const nameEnd = bytes.lastIndexOf(CLOSING_PAREN, length - 1);
  if (nameEnd < 0 || nameEnd + 3 >= length) return null;
  if (!parseFields(bytes, nameEnd + 3, length)) return null;
  return {
    pid: numberAt(bytes, 0, length),
    state: String.fromCharCode(bytes[nameEnd + 2] ?? SPACE),
    ppid: field(4),
    pgrp: field(5),
    session: field(6),
    minorFaults: field(10),
    childMinorFaults: field(11),
    majorFaults: field(12),
    childMajorFaults: field(13),
    userTicks: field(14),
    systemTicks: field(15),
    childUserTicks: field(16),
    childSystemTicks: field(17),
    threads: field(20),
    startTicks: field(22),
    virtualBytes: field(23),
    rssBytes: field(24) * pageBytes(),
  };
}

function field(number: number): number {
  return fields[number] ?? 0;
}

/** Fills `fields` from a position at the space before field 4. */
function parseFields(bytes: Buffer, start: number, length: number): boolean {
  let at = start;
  for (let number = FIRST_FIELD; number <= LAST_FIELD; number++) {
    while (bytes[at] === SPACE) at++;
    if (at >= length) return false;
    fields[number] = numberAt(bytes, at, length);
    while (at < length && bytes[at] !== SPACE) at++;
  }
  return true;
}

/**
 * Reads a decimal number out of bytes.
 * @param bytes text
 * @param start position of its sign or first digit
 * @param length end of the text
 * @returns the number, 0 where there is none
 */
export function numberAt(bytes: Buffer, start: number, length: number): number {
  const negative = bytes[start] === MINUS;
  let value = 0;
  for (let at = negative ? start + 1 : start; at < length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte < ZERO || byte > NINE) break;
    value = value * 10 + (byte - ZERO);
  }
  return negative ? -value : value;
}

/**
 * Reads a file of /proc into `procBuffer`.
 * @param path absolute path
 * @returns bytes read, -1 when it cannot be read (no such process, no permission)
 */
export function readProcFile(path: string): number {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return -1;
  }
  try {
    return readSync(fd, procBuffer, 0, procBuffer.length, 0);
  } catch {
    // ESRCH: it ended between open and read.
    return -1;
  } finally {
    closeSync(fd);
  }
}

/**
 * Lists the processes of this host (of this pid namespace).
 * @returns process ids, in no order; empty where there is no /proc
 */
export function listPids(): number[] {
  let names: string[];
  try {
    names = readdirSync('/proc');
  } catch {
    return [];
  }
  const pids: number[] = [];
  for (const name of names) {
    const first = name.charCodeAt(0);
    if (first >= ZERO && first <= NINE) pids.push(Number(name));
  }
  return pids;
}

/** A zombie has exited; but a main thread that ended before its other threads shows Z too, and that process runs. */
export function isLiving(stat: ProcStat): boolean {
  if (stat.state === 'X' || stat.state === 'x') return false;
  return stat.state !== 'Z' || stat.threads > 1;
}

interface KernelUnits {
  readonly pageBytes: number;
  readonly ticksPerSecond: number;
}

/** getauxval(3): AT_PAGESZ and AT_CLKTCK. */
const AT_PAGE_BYTES = 6n;
const AT_CLOCK_TICKS = 17n;
const COMMON_UNITS: KernelUnits = { pageBytes: 4096, ticksPerSecond: 100 };
let units: KernelUnits | null = null;

/** Bytes in a page of memory: 4096 mostly, up to 65536 on some arm64 and ppc64 kernels. */
export function pageBytes(): number {
  units ??= readUnits();
  return units.pageBytes;
}

/** Clock ticks in a second of the times in /proc: 100 nearly everywhere. */
export function ticksPerSecond(): number {
  units ??= readUnits();
  return units.ticksPerSecond;
}

/** The kernel tells every process both numbers at its start: no program has to be run for them. */
function readUnits(): KernelUnits {
  let words: BigUint64Array;
  try {
    const bytes = readFileSync('/proc/self/auxv');
    words = new BigUint64Array(Uint8Array.from(bytes).buffer, 0, Math.floor(bytes.length / 8));
  } catch {
    return COMMON_UNITS;
  }
  const found = new Map<bigint, number>();
  for (let at = 0; at + 1 < words.length; at += 2) found.set(words[at] ?? 0n, Number(words[at + 1]));
  return {
    pageBytes: found.get(AT_PAGE_BYTES) ?? COMMON_UNITS.pageBytes,
    ticksPerSecond: found.get(AT_CLOCK_TICKS) ?? COMMON_UNITS.ticksPerSecond,
  };
}
