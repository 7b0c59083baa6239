import { execFile } from 'node:child_process';
import type { Clock } from '../../base/clock.ts';
import type { DaemonLog } from '../own-log.ts';

/** Tells systemd how the daemon is. */
export interface Notifier {
  /** From now on it serves, and says at the pace that the unit asks for that it still does. */
  ready(): void;
  /** It is about to end. */
  stopping(): void;
}

export interface NotifierOptions {
  /** Its variables of sd_notify(3) are taken out: an app that knows them would speak for the daemon. */
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly log: DaemonLog;
  /** A line for `systemctl status`. */
  readonly status: () => string;
}

const PROGRAM = 'systemd-notify';
const DEADLINE_MS = 5_000;

/**
 * Makes the daemon's voice to systemd. Node has no datagram sockets of the unix family, so that a program of systemd
 * speaks: once at the start, and twice in each `WatchdogSec` from the event loop, which is what the watchdog watches.
 * @param options environment, clock and log
 * @returns the notifier, which says nothing where nobody listens
 * @see sd_notify(3), sd_watchdog_enabled(3), systemd-notify(1)
 */
export function createNotifier({ env, clock, log, status }: NotifierOptions): Notifier {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: watchdog, WATCHDOG_PID: watched } = env;
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name];
  if (socket === undefined || socket === '') return { ready() {}, stopping() {} };
  const periodMs = watched === undefined || Number(watched) === process.pid ? Number(watchdog ?? 0) / 1000 / 2 : 0;
  let ended = false;

  function say(...what: readonly string[]): void {
    const options = { env: { ...env, NOTIFY_SOCKET: socket }, timeout: DEADLINE_MS };
    execFile(PROGRAM, what, options, (error) => {
      if (error !== null) log.error({ problem: error.message }, 'systemd could not be told how the daemon is');
    });
  }

  function tick(): void {
    if (ended) return;
    say('WATCHDOG=1', `--status=${status()}`);
    clock.after(periodMs, tick);
  }

  return {
    ready() {
      say('--ready', `--status=${status()}`);
      if (periodMs > 0) clock.after(periodMs, tick);
    },
    stopping() {
      ended = true;
      say('STOPPING=1', '--status=stopping the apps');
    },
  };
}
