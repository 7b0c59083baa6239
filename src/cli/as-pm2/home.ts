import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { homedir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Client, createClient } from '../../api/client.ts';
import { connect } from '../../api/connect.ts';
import { PromvisorError } from '../../base/errors.ts';
import type { Home } from '../../base/paths.ts';
import type { CliContext } from '../context.ts';
import { pingIfAny } from '../daemon-process.ts';

const SETTINGS = { autosave: false, pm2: { api: true } };
const ANSWER_MS = 2_000;
const LOOK_MS = 50;
const COMING_LOOKS = 20;

/** Files that PM2 has in its home. */
export interface Pm2Files {
  readonly pid: string;
  readonly dump: string;
  readonly dumpBefore: string;
  readonly rpc: string;
  /** What `set` keeps. */
  readonly moduleConf: string;
}

/**
 * Locates PM2's home.
 * @param env with PM2_HOME, else `~/.pm2`
 */
function pm2HomeOf(env: NodeJS.ProcessEnv): string {
  return path.resolve(env['PM2_HOME'] || path.join(env['HOME'] || homedir(), '.pm2'));
}

/**
 * Names the files of PM2 in a home; each may be elsewhere by a variable, as with PM2.
 * @param home folder
 * @param env with PM2_PID_FILE_PATH, PM2_DUMP_FILE_PATH and the like
 */
export function pm2Files(home: string, env: NodeJS.ProcessEnv): Pm2Files {
  const file = (variable: string, name: string) => env[variable] || path.join(home, name);
  return {
    pid: file('PM2_PM2_PID_FILE_PATH', 'pm2.pid'),
    dump: file('PM2_DUMP_FILE_PATH', 'dump.pm2'),
    dumpBefore: file('PM2_DUMP_BACKUP_FILE_PATH', 'dump.pm2.bak'),
    rpc: file('PM2_DAEMON_RPC_PORT', 'rpc.sock'),
    moduleConf: file('PM2_MODULE_CONF_FILE', 'module_conf.json'),
  };
}

/**
 * Says in our own variables where the home is.
 * @param env of this process, which is changed: whatever runs here, and a daemon that is started here, sees it
 * @returns the home
 */
export function enterPm2Home(env: NodeJS.ProcessEnv): string {
  const home = pm2HomeOf(env);
  env['PM2_HOME'] = home;
  env['PROMVISOR_HOME'] = home;
  return home;
}

/**
 * Makes a home PM2's at its first use: with PM2's socket API, and saved by `save` alone. It stands in the settings of the
 * home, so that every daemon of it is the same, that of an init system too; what is written there is never changed.
 * @param home with or without settings.json
 */
export function keepSettings({ root, settingsFile }: Home): void {
  if (existsSync(settingsFile)) return;
  mkdirSync(root, { recursive: true, mode: 0o700 });
  writeFileSync(settingsFile, `${JSON.stringify(SETTINGS, null, 2)}\n`, { mode: 0o600 });
}

/**
 * Connects to the daemon of PM2's home, and starts one where none runs.
 * @param context of the command
 * @param onStarted told when this call has started it
 * @returns its client
 * @throws PromvisorError ALREADY_RUNNING when PM2 itself runs in that home
 */
export async function pm2Daemon(context: CliContext, onStarted: () => void): Promise<Client> {
  const files = pm2Files(context.home.root, context.env);
  const client = createClient(context.home.socket);
  let ping = await pingIfAny(client);
  if (ping === null && (await answers(files.rpc))) {
    // Ours may be about to listen on its own socket as well.
    for (let look = 0; look < COMING_LOOKS && ping === null; look++) {
      await delay(LOOK_MS);
      ping = await pingIfAny(client);
    }
    if (ping === null) throw foreign(context.home.root, pidIn(files.pid));
  }
  if (ping !== null) return client;
  const { started } = await connect(context);
  if (started) onStarted();
  return client;
}

function foreign(home: string, pid: number | null): PromvisorError {
  const who = pid === null ? '' : ` (pid ${pid})`;
  return new PromvisorError(
    'ALREADY_RUNNING',
    `PM2 itself runs in ${home}${who}: end it with its own "pm2 kill", then "pm2 resurrect" here brings back what it ` +
      'saved; or move its apps to a home of their own with "promvisor migrate pm2"',
    { details: { home, pid } },
  );
}

/** Whether a program listens there: a socket that a dead one has left refuses. */
function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket(socketPath);
    const end = (is: boolean) => {
      socket.destroy();
      resolve(is);
    };
    socket.setTimeout(ANSWER_MS, () => end(true));
    socket.on('connect', () => end(true));
    socket.on('error', () => end(false));
  });
}

function pidIn(file: string): number | null {
  try {
    return Number(readFileSync(file, 'latin1'));
  } catch {
    return null;
  }
}
