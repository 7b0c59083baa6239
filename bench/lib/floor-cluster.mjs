import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { program } from './programs.mjs';

const LONGEST_MS = 60_000;

/**
 * Starts a bare node:cluster primary with workers of the bench's HTTP app, and waits until all of them listen.
 * @param {ReturnType<typeof import('./scratch.mjs').createScratch>} scratch
 * @param {{ schedule: 'shared' | 'round_robin', workers: number, env: NodeJS.ProcessEnv, drain?: boolean }} options env
 *   is that of the app, beside the bench's own; drain preloads the least that can drain it
 */
export async function startFloorCluster(scratch, { schedule, workers, env, drain = false }) {
  const setup = {
    schedule,
    workers,
    script: program('http-app.cjs'),
    drain: drain ? program('floor-drain.cjs') : null,
  };
  const child = spawn(process.execPath, [program('floor-cluster.cjs'), JSON.stringify(setup)], {
    env: { ...scratch.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const said = async () => (await once(child, 'message', { signal: AbortSignal.timeout(LONGEST_MS) }))[0];
  const ask = (what) => {
    child.send(what);
    return said();
  };
  const { pids } = await said();
  return {
    /** The primary and its first workers. */
    pids: [child.pid, ...pids],
    reload: () => ask('reload'),
    /** Requests that each worker has answered since the last time. */
    counts: async () => (await ask('counts')).counts,
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    },
  };
}
