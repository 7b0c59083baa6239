import { spawn } from 'node:child_process';
import { until } from './command.mjs';
import { program } from './programs.mjs';

const LONGEST_STOP_MS = 20_000;

/**
 * Loads a server from a process of its own.
 * @param {ReturnType<typeof import('./scratch.mjs').createScratch>} scratch
 * @param {import('./load.d.mts').LoadOptions} options
 */
export function startClient(scratch, options) {
  let requests = 0;
  let result;
  const child = spawn(process.execPath, [program('load-client.mjs'), JSON.stringify(options)], {
    env: scratch.env,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  child.on('message', (message) => {
    requests = message.requests ?? requests;
    result = message.result ?? result;
  });
  return {
    /** @param {number} count */
    sent: (count) => until(() => requests >= count, { what: `${count} requests`, timeoutMs: 120_000 }),
    /** @returns {Promise<import('./load.d.mts').LoadResult>} */
    async stop() {
      child.send('stop');
      return until(() => result, { what: 'end of the load', timeoutMs: LONGEST_STOP_MS });
    },
    end: () => child.kill('SIGKILL'),
  };
}
