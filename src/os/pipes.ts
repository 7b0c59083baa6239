import { execFile } from 'node:child_process';
import { constants, lstatSync, openSync, rmSync, unlinkSync } from 'node:fs';
import { errnoOf, messageOf, PromvisorError } from '../base/errors.ts';

/** Paths per run of mkfifo: far below ARG_MAX (128 KiB on macOS is the smallest of the hosts that matter) for any home. */
const PATHS_PER_RUN = 256;

interface Batch {
  readonly paths: Set<string>;
  /** What mkfifo said, empty when it said nothing. */
  readonly complaint: Promise<string>;
}

let gathering: Batch | null = null;

/**
 * Makes named pipes that only the owner may use. What is a named pipe already is kept with its content, a file of
 * another kind in its place is replaced. Calls of one tick share one process, as Node has no mkfifo of its own.
 * @param paths absolute paths in a directory that exists
 * @throws PromvisorError HOME_UNUSABLE naming the first path that is no named pipe afterwards
 * @see mkfifo(1)
 */
export async function makeFifos(paths: readonly string[]): Promise<void> {
  const missing = paths.filter((path) => !isFifo(path));
  if (missing.length === 0) return;
  gathering ??= gather();
  for (const path of missing) gathering.paths.add(path);
  const complaint = await gathering.complaint;
  const failed = missing.find((path) => !isFifo(path));
  if (failed === undefined) return;
  throw new PromvisorError('HOME_UNUSABLE', `${failed}: expected to make a named pipe, got "${complaint}"`);
}

/**
 * Opens a pipe for the output of a process: readable too, so that without a reader its content stays and no write
 * ends in EPIPE; blocking, and an open file description of its own.
 * @param path absolute path of a named pipe
 * @returns descriptor that the caller closes
 * @throws the error of open(2)
 * @see fifo(7): opening for reading and writing never blocks on Linux
 */
export function openForChild(path: string): number {
  return openSync(path, constants.O_RDWR);
}

/**
 * Opens a pipe for reading without waiting for a writer.
 * @param path absolute path of a named pipe
 * @returns descriptor that never blocks and that the caller closes
 * @throws the error of open(2)
 */
export function openForReading(path: string): number {
  return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
}

/**
 * Removes named pipes; what is not there is fine.
 * @param paths absolute paths
 * @throws the error of unlink(2)
 */
export function removeFifos(paths: readonly string[]): void {
  for (const path of paths) rmSync(path, { force: true });
}

function gather(): Batch {
  const paths = new Set<string>();
  const complaint = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
    gathering = null;
    return makeAll([...paths]);
  });
  return { paths, complaint };
}

async function makeAll(paths: readonly string[]): Promise<string> {
  const complaints: string[] = [];
  const wanted = paths.filter((path) => isReplaceable(path, complaints));
  for (let from = 0; from < wanted.length; from += PATHS_PER_RUN) {
    const complaint = await runMkfifo(wanted.slice(from, from + PATHS_PER_RUN));
    if (complaint !== '') complaints.push(complaint);
  }
  return complaints.join('; ');
}

/** True when nothing is in the way any more. */
function isReplaceable(path: string, complaints: string[]): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return true;
  if (found.isFIFO()) return false;
  try {
    unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return true;
    complaints.push(messageOf(error));
    return false;
  }
  return true;
}

function runMkfifo(paths: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile('mkfifo', ['-m', '600', '--', ...paths], (error, _stdout, stderr) => {
      resolve(error === null ? '' : stderr.trim() || messageOf(error));
    });
  });
}

/** True when there is a named pipe under this path. */
export function isFifo(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFIFO() ?? false;
}
