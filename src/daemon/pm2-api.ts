import { jlistText } from '../api/jlist.ts';
import { messageOf } from '../base/errors.ts';
import type { Bus } from './bus.ts';
import type { DaemonLog } from './own-log.ts';
import type { Pm2Api } from './pm2/api.ts';
import { jlistSource, type RoutesOptions, signalAll } from './routes.ts';
import { sendLine } from './stdin.ts';

export interface Pm2Sockets extends Pm2Api {
  /** Opens them; where that fails the daemon goes on without them. */
  open(options: RoutesOptions & { readonly bus: Bus; readonly log: DaemonLog }): Promise<void>;
}

/**
 * PM2's sockets, closed until they are opened: their code is loaded then.
 * @param enabled the setting pm2.api
 */
export function createPm2Sockets(enabled: boolean): Pm2Sockets {
  let api: Pm2Api | null = null;
  return {
    async open(options) {
      if (enabled) api = await openFor(options);
    },
    removed: (instance) => api?.removed(instance),
    close() {
      api?.close();
      api = null;
    },
  };
}

type OpenOptions = Parameters<Pm2Sockets['open']>[0];

async function openFor(options: OpenOptions): Promise<Pm2Api | null> {
  const { fleet, look, clock, log, keeping, home } = options;
  // For the owner, as the route of the owner's socket.
  const exposeEnv = true;
  try {
    const { openPm2Api } = await import('./pm2/api.ts');
    return await openPm2Api({
      ...options,
      async jlist() {
        const instances = fleet.all();
        await look(instances);
        return jlistText(
          instances.map((instance) => jlistSource(instance, clock)),
          { exposeEnv },
        );
      },
      entryOf: (instance) => jlistText([jlistSource(instance, clock)], { exposeEnv }).slice(1, -1),
      signal: signalAll,
      reopenLogs: keeping.reopen,
      sendLine: (instance, line) => sendLine(instance, line, home.runDir),
    });
  } catch (error) {
    log.error({ problem: messageOf(error) }, "PM2's sockets could not be opened");
    return null;
  }
}
