import { homedir } from 'node:os';
import path from 'node:path';
import { PromvisorError } from './errors.ts';

/** sun_path holds 108 bytes with the closing zero: unix(7). */
const SOCKET_PATH_BYTES = 107;

/** Where the product keeps its things. Every path is absolute. */
export interface Home {
  readonly root: string;
  readonly settingsFile: string;
  /** What outlives a daemon: specs, wishes, processes, counters. */
  readonly stateDir: string;
  readonly stateFile: string;
  /** Counters, in a file that may be lost. */
  readonly totalsFile: string;
  /** What happened to the instances, a line each. */
  readonly journalFile: string;
  /** The list that `resurrect` brings back. */
  readonly dumpFile: string;
  readonly runDir: string;
  readonly socket: string;
  /** Where the agents in the apps find the daemon. */
  readonly agentSocket: string;
  /** A secret that names the lock, so that nobody else can take it. */
  readonly lockKeyFile: string;
  readonly logsDir: string;
  readonly pidsDir: string;
  /** The daemon's own log is in a folder of its own, as pino-roll counts files of its folder. */
  readonly daemonLogDir: string;
  /** What the daemon says before its log is open, or when it crashes. */
  readonly daemonStderrFile: string;
}

/**
 * Locates the home of the product.
 * @param env environment with PROMVISOR_HOME (absolute or relative to the working directory), else `~/.promvisor`
 * @returns the paths below it
 * @throws PromvisorError HOME_UNUSABLE when a socket path below it would be too long
 */
export function homeOf(env: NodeJS.ProcessEnv = process.env): Home {
  const given = env['PROMVISOR_HOME'];
  const root = path.resolve(given !== undefined && given !== '' ? given : path.join(homedir(), '.promvisor'));
  const runDir = path.join(root, 'run');
  const socket = path.join(runDir, 'daemon.sock');
  const bytes = Buffer.byteLength(socket);
  if (bytes > SOCKET_PATH_BYTES) {
    throw new PromvisorError(
      'HOME_UNUSABLE',
      `PROMVISOR_HOME: expected a path short enough for a unix socket (${SOCKET_PATH_BYTES} bytes for ${socket}), got ${bytes} bytes`,
    );
  }
  return {
    root,
    settingsFile: path.join(root, 'settings.json'),
    stateDir: path.join(root, 'state'),
    stateFile: path.join(root, 'state', 'state.json'),
    totalsFile: path.join(root, 'state', 'totals.json'),
    journalFile: path.join(root, 'state', 'journal.jsonl'),
    dumpFile: path.join(root, 'dump.json'),
    runDir,
    socket,
    agentSocket: path.join(runDir, 'agent.sock'),
    lockKeyFile: path.join(runDir, 'lock.key'),
    logsDir: path.join(root, 'logs'),
    pidsDir: path.join(root, 'pids'),
    daemonLogDir: path.join(root, 'daemon'),
    daemonStderrFile: path.join(root, 'daemon', 'stderr.log'),
  };
}
