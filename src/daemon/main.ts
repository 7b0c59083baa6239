// First of all: from here on no SIGUSR2 ends the daemon.
import './early-signals.ts';
import { PromvisorError } from '../base/errors.ts';
import { makeHome } from '../base/home.ts';
import { homeOf } from '../base/paths.ts';
import { loadSettings } from '../config/settings.ts';
import { startDaemon } from './daemon.ts';
import { onReopenSignal } from './early-signals.ts';
import { takeLock } from './lock.ts';
import { openOwnLog } from './own-log.ts';

/** sysexits(3) EX_TEMPFAIL: another daemon has this home; the client goes on with that one. */
const EXIT_LOCKED = 75;

/** A log that cannot be closed does not keep a daemon that is to be replaced. */
const LAST_WORDS_MS = 2_000;

/** The daemon's process: everything from the lock to the last closed file. */
async function main(): Promise<void> {
  const foreground = process.argv.includes('--foreground');
  const home = homeOf();
  makeHome(home);
  const lock = await takeLock(home);
  if (lock === null) {
    if (foreground) process.stderr.write(`another daemon already serves ${home.root}\n`);
    process.exitCode = EXIT_LOCKED;
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

  const daemon = await startDaemon({ home, settings, log });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) {
    process.on(signal, () => {
      log.info({ signal }, 'told to end');
      void daemon.stop({ keepList: !foreground });
    });
  }
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
