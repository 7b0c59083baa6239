import type { Server } from 'node:http';
import type { Clock } from '../base/clock.ts';
import { PromvisorError } from '../base/errors.ts';
import type { Dumps } from './dump/dumps.ts';
import type { Fleet } from './fleet.ts';
import type { HttpListener } from './http-listener.ts';
import type { Journal } from './journal/journal.ts';
import type { LogKeeping } from './log-keeping.ts';
import type { Loki } from './loki.ts';
import type { DaemonLog } from './own-log.ts';
import type { Lasting } from './state/lasting.ts';

export interface LeaveOptions {
  readonly server: Server;
  readonly listener: HttpListener;
  /** Ends the streams of the server, with this error as their last line. */
  readonly endStreams: (error: PromvisorError) => void;
  readonly fleet: Fleet;
  readonly lasting: Lasting;
  readonly dumps: Dumps;
  readonly journal: Journal;
  readonly keeping: LogKeeping;
  readonly loki: Loki;
  readonly clock: Clock;
  readonly log: DaemonLog;
}

/** Answers come from memory; what is not out by then is cut off. */
const ANSWERS_MS = 2_000;

/**
 * Leaves the apps to the next daemon: what was asked is answered, what was read is in the files, and the state is on
 * disk. Pipes, hosts and agents stay as they are after a crash.
 * @param options the parts of the daemon
 */
export async function leave(options: LeaveOptions): Promise<void> {
  const { server, listener, endStreams, fleet, lasting, dumps, journal, keeping, loki, clock, log } = options;
  log.info({ instances: fleet.all().length }, 'leaves the apps to the next daemon');
  const answered = new Promise<void>((resolve) => {
    server.close(() => resolve());
    clock.after(ANSWERS_MS, resolve);
  });
  listener.leave();
  const message = 'the daemon is being replaced; what it was told goes on under the next one: see "promvisor list"';
  endStreams(new PromvisorError('SHUTTING_DOWN', message));
  server.closeIdleConnections();
  await answered;
  for (const { logs } of fleet.all()) logs.hold();
  await written(fleet);
  await Promise.all([dumps.close(), journal.close('left'), keeping.keeper.close(), loki.close()]);
  lasting.state.touch();
  lasting.totals.touch();
  await lasting.close();
  // Of who died meanwhile.
  await written(fleet);
}

function written(fleet: Fleet): Promise<unknown> {
  return Promise.all(fleet.all().map(({ logs }) => logs.settled()));
}
