import { readFileSync } from 'node:fs';
import path from 'node:path';
import { errnoOf, messageOf, PromvisorError } from '../../base/errors.ts';
import { type Pm2Process, processesOf } from './process.ts';
import { type Pm2Command, pm2Command } from './program.ts';

/** What a PM2 home says, and the way to its daemon. */
export interface Pm2Home {
  readonly processes: readonly Pm2Process[];
  /** Where that comes from: PM2's list, or the file of its last save. */
  readonly source: string;
  /** Runs a command of PM2; null where its daemon does not run, or there is no program. */
  readonly command: Pm2Command | null;
}

/**
 * Reads a PM2 home: the list of its daemon where one runs, else what it saved last. Files are parsed as data.
 * @param home folder, for example ~/.pm2
 * @param env with PATH, where `pm2` is looked for
 * @throws PromvisorError NOT_FOUND when it holds no list; CONFIG_UNREADABLE; NOT_SUPPORTED when the daemon runs and there
 * is no `pm2` to talk to it
 */
export async function readPm2Home(home: string, env: NodeJS.ProcessEnv): Promise<Pm2Home> {
  const isRunning = daemonRuns(path.join(home, 'pm2.pid'));
  if (isRunning) {
    const command = pm2Command(home, env);
    return { processes: processesOf(listOf(await command('jlist')), 'pm2 jlist'), source: 'pm2 jlist', command };
  }
  for (const name of ['dump.pm2', 'dump.pm2.bak']) {
    const saved = readPm2Dump(path.join(home, name));
    if (saved !== null) return saved;
  }
  throw new PromvisorError(
    'NOT_FOUND',
    `${home}: expected a PM2 that runs, or a dump.pm2 of "pm2 save"; there is neither`,
  );
}

/**
 * Finds the list in what `pm2 jlist` prints.
 * @param text its stdout
 * @returns parsed JSON
 * @throws PromvisorError CONFIG_UNREADABLE
 */
export function listOf(text: string): unknown {
  // What PM2 says of itself comes before it, on lines of its own.
  const json = text.split('\n').findLast((line) => line.startsWith('[') && !line.startsWith('[PM2]'));
  return parse(json ?? text, 'pm2 jlist');
}

/**
 * Reads what `pm2 save` has written, as data.
 * @param file for example ~/.pm2/dump.pm2
 * @returns null where there is no such file
 * @throws PromvisorError CONFIG_UNREADABLE
 */
export function readPm2Dump(file: string): Pm2Home | null {
  const text = textOf(file);
  return text === null ? null : { processes: processesOf(parse(text, file), file), source: file, command: null };
}

function daemonRuns(pidFile: string): boolean {
  const pid = Number(textOf(pidFile)?.trim());
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw new PromvisorError('CONFIG_UNREADABLE', `${file}: cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

function parse(text: string, from: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new PromvisorError('CONFIG_UNREADABLE', `${from}: expected JSON: ${messageOf(error)}`);
  }
}
