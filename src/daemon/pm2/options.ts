import type { Clock } from '../../base/clock.ts';
import type { Home } from '../../base/paths.ts';
import type { LogFanout } from '../../logs/fanout.ts';
import type { AppMessages } from '../app-messages.ts';
import type { Bus } from '../bus.ts';
import type { Commands } from '../commands.ts';
import type { Fleet } from '../fleet.ts';
import type { Instance } from '../instance.ts';
import type { DaemonLog } from '../own-log.ts';

/** The parts of the daemon that PM2's sockets are made of. */
export interface Pm2ApiOptions {
  readonly home: Home;
  readonly fleet: Fleet;
  readonly commands: Commands;
  readonly bus: Bus;
  readonly fanout: LogFanout;
  readonly clock: Clock;
  readonly log: DaemonLog;
  readonly startedAtMs: number;
  /** PM2's list, fresh, as JSON text. */
  readonly jlist: () => Promise<string>;
  /** One instance of that list, as it is known. */
  readonly entryOf: (instance: Instance) => string;
  /** @throws for a name that is no signal */
  readonly signal: (instances: readonly Instance[], name: string) => void;
  /** What apps say with process.send. */
  readonly messages: AppMessages;
  /** A line for the standard input. @throws where it has none */
  readonly sendLine: (instance: Instance, line: string) => void;
  readonly reopenLogs: () => void;
  /** Ends the daemon. */
  readonly quit: () => void;
}
