import { closeSync, constants, openSync, writeSync } from 'node:fs';
import path from 'node:path';
import { errnoOf, messageOf, PromvisorError } from '../base/errors.ts';
import type { Instance } from './instance.ts';

/** What a pipe takes at once, so that lines of two writers do not mix: pipe(7), PIPE_BUF. */
const LONGEST_LINE_BYTES = 4096;

/**
 * The pipe that a fork-mode process has as its standard input. It holds the pipe open for writing too, so that it never
 * sees an end: not without anybody who sends, and not when the daemon goes.
 * @param id of the instance
 * @param runDir of the home
 * @returns absolute path
 */
export function stdinPath(id: number, runDir: string): string {
  return path.join(runDir, `${id}.in`);
}

/**
 * Opens the pipe for a process that is about to be made.
 * @param id of the instance
 * @param runDir of the home
 * @returns a descriptor that the caller closes, null where there is no pipe: an end of file is better than no process
 */
export function openStdin(id: number, runDir: string): number | null {
  try {
    return openSync(stdinPath(id, runDir), constants.O_RDWR);
  } catch {
    return null;
  }
}

/**
 * Sends a line to the standard input of an instance.
 * @param instance in fork mode, with a process
 * @param line without its newline
 * @param runDir of the home
 * @throws PromvisorError NOT_SUPPORTED, NOT_FOUND, REQUEST_INVALID, TIMED_OUT when the process does not read
 */
export function sendLine({ id, spec, process, processes }: Instance, line: string, runDir: string): void {
  const who = `${spec.name} (id ${id})`;
  const bytes = Buffer.from(`${line}\n`);
  if (spec.process.execMode !== 'fork') {
    throw new PromvisorError('NOT_SUPPORTED', `${who} is in cluster mode; only fork mode has a standard input`);
  }
  if (bytes.length > LONGEST_LINE_BYTES) {
    const most = `expected at most ${LONGEST_LINE_BYTES - 1} bytes`;
    throw new PromvisorError('REQUEST_INVALID', `line: ${most}, got ${bytes.length - 1}`);
  }
  const living = [...processes.values()].filter(({ exited }) => !exited);
  if (process === null || living.length === 0) throw new PromvisorError('NOT_FOUND', `${who} has no process`);
  if (living.length > 1) {
    throw new PromvisorError(
      'RELOAD_IN_PROGRESS',
      `${who} has two processes while it is reloaded; send it again later`,
    );
  }
  write(bytes, stdinPath(id, runDir), who);
}

function write(bytes: Buffer, file: string, who: string): void {
  let fd: number | null = null;
  try {
    // ENXIO without a reader: open(2).
    fd = openSync(file, constants.O_WRONLY | constants.O_NONBLOCK);
    writeSync(fd, bytes);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'EAGAIN') {
      throw new PromvisorError('TIMED_OUT', `${who} does not read its standard input: what waits there fills the pipe`);
    }
    const why = code === 'ENXIO' || code === 'ENOENT' ? 'it was started without one, or closed it' : messageOf(error);
    throw new PromvisorError('NOT_SUPPORTED', `${who} has no standard input: ${why}`, { cause: error });
  } finally {
    if (fd !== null) closeSync(fd);
  }
}
