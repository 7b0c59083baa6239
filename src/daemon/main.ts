// First of all: from here on no SIGUSR2 ends the daemon.
import './early-signals.ts';
import { setFlagsFromString } from 'node:v8';
import { systemClock } from '../base/clock.ts';
import { DAEMON_NODE_FLAGS } from '../base/daemon-flags.ts';
import { PromvisorError } from '../base/errors.ts';
import { makeHome } from '../base/home.ts';
import { homeOf } from '../base/paths.ts';
import { loadSettings } from '../config/settings.ts';
import { startDaemon } from './daemon.ts';
import { onReopenSignal } from './early-signals.ts';
import { takeLock } from './lock.ts';
import { openOwnLog } from './own-log.ts';
import { jobOf } from './unit/job.ts';
import { endLeft } from './unit/left.ts';
import { createNotifier } from './unit/notify.ts';
import { noteUnit, ownUnit } from './unit/service.ts';
import { takeOver } from './unit/take-over.ts';

/** sysexits(3) EX_TEMPFAIL: another daemon has this home; the client goes on with that one. */
const EXIT_LOCKED = 75;
/** EX_CONFIG: two units have this home, and trying again does not help. In the unit file as RestartPreventExitStatus=. */
const EXIT_SERVED = 78;

/** A log that cannot be closed does not keep a daemon that is to be replaced. */
const LAST_WORDS_MS = 2_000;

/** The daemon's process: everything from the lock to the last closed file. */
async function main(): Promise<void> {
  const foreground = process.argv.includes('--foreground');
  const unit = ownUnit(process.argv);
  const home = homeOf();
  makeHome(home);
  if (unit !== null && process.argv.includes('--end-left')) {
    return endLeft(home, unit, (line) => process.stderr.write(`${line}\n`));
  }
  const free = await takeLock(home);
  const lock = free === null && unit !== null ? await takeOver(home) : free;
  if (lock === null || typeof lock === 'string') {
    if (foreground || unit !== null) process.stderr.write(`another daemon already serves ${home.root}\n`);
    process.exitCode = lock === 'served' ? EXIT_SERVED : EXIT_LOCKED;
    return;
  }
  const settings = await loadSettings(home, process.env);
  const { level, maxSizeBytes, retain } = settings.log;
  const log = await openOwnLog({ home, level, maxSizeBytes, retain, foreground });
  process.title = `promvisor daemon (${home.root})`;

  // Whoever reads them in the foreground may go before the daemon: its own log has it all.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  let isDying = false;
  const dieOf = (error: unknown) => {
    if (isDying) return;
    isDying = true;
    setTimeout(() => process.exit(1), LAST_WORDS_MS).unref();
    // Crash-only: state that can no longer be trusted is not worked with.
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    log.fatal({ err: error }, 'daemon crashed');
    void log.close().finally(() => process.exit(1));
  };
  process.on('uncaughtException', dieOf);
  process.on('unhandledRejection', dieOf);

  const status = () => {
    const { all, up } = daemon.count();
    return `${up} of ${all} up, home ${home.root}`;
  };
  const notifier = createNotifier({ env: process.env, clock: systemClock, log, status });
  const daemon = await startDaemon({ home, settings, log, unit, foreground });
  if (unit !== null) {
    noteUnit(home, unit, log);
    // The unit file has those flags only that any Node takes.
    for (const flag of DAEMON_NODE_FLAGS) if (!process.execArgv.includes(flag)) setFlagsFromString(flag);
  }
  notifier.ready();
  let isEnding = false;
  const tellToEnd = async (signal: NodeJS.Signals) => {
    if (isEnding) return;
    isEnding = true;
    const job = unit === null ? 'none' : await jobOf(unit, (problem) => log.warn({ problem }, 'taken as a stop'));
    log.info({ signal, job }, 'told to end');
    if (job === 'restart') return daemon.leave();
    notifier.stopping();
    return daemon.stop({ keepList: !foreground });
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) process.on(signal, () => void tellToEnd(signal));
  onReopenSignal(() => {
    log.info({ signal: 'SIGUSR2' }, 'log files are opened anew');
    daemon.reopenLogs();
  });
  await daemon.ended;
  log.info('daemon ended');
  await log.close();
  lock.release();
  process.exit(0);
}

main().catch((error: unknown) => {
  process.stderr.write(
    `${error instanceof PromvisorError ? error.message : String((error as Error)?.stack ?? error)}\n`,
  );
  process.exit(1);
});
