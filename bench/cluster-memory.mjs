import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeEcosystem } from './lib/apps.mjs';
import { pause } from './lib/command.mjs';
import { takesPart, wakeContenders } from './lib/contenders.mjs';
import { startFloorCluster } from './lib/floor-cluster.mjs';
import { memory, parentOf } from './lib/proc.mjs';
import { program } from './lib/programs.mjs';
import { goal } from './lib/report.mjs';

export const about = 'private memory of an idle cluster app of 2 and of what is there for it alone (MB of 2^20 bytes)';

const INSTANCES = 2;
const APP = program('http-app.cjs');
const BARE = 'bare node';

/**
 * @param {{ scratch: ReturnType<typeof import('./lib/scratch.mjs').createScratch>, seconds: number, only?: string[] }} options
 *   seconds: of rest before the look
 */
export async function bench({ scratch, seconds, only }) {
  const supervisors = await wakeContenders(scratch, only);
  const groups = [];
  let bare = [];
  let floor;
  try {
    bare = Array.from({ length: INSTANCES }, () =>
      spawn(process.execPath, [APP], { env: scratch.env, stdio: 'ignore' }),
    );
    groups.push({ name: BARE, workers: bare.map(({ pid }) => pid), hosts: [] });
    if (takesPart('floor', only)) {
      floor = await startFloorCluster(scratch, { schedule: 'shared', workers: INSTANCES, env: {} });
      const [host, ...workers] = floor.pids;
      groups.push({ name: 'node:cluster', workers, hosts: [host] });
    }
    for (const supervisor of supervisors) groups.push(await startApp(scratch, supervisor));
    await pause(seconds * 1000);
    return summary(groups.map(look), seconds);
  } finally {
    for (const child of bare) await end(child);
    await floor?.end();
    for (const supervisor of supervisors) await supervisor.end();
  }
}

async function startApp(scratch, supervisor) {
  const entry = { name: 'app', script: APP, exec_mode: 'cluster', instances: INSTANCES };
  await supervisor.startFile(writeEcosystem(scratch.root, [entry]));
  const workers = (await supervisor.list()).filter(({ status }) => status === 'online').map(({ pid }) => pid);
  if (workers.length !== INSTANCES) throw new Error(`${supervisor.name}: ${workers.length} instances are online`);
  // What stands between daemon and workers is there for this app alone.
  const hosts = [...new Set(workers.map(parentOf))].filter((pid) => pid !== supervisor.daemonPid());
  return { name: supervisor.name, workers, hosts };
}

function look({ name, workers, hosts }) {
  const total = (pids) => pids.reduce((sum, pid) => sum + memory(pid).privateMb, 0);
  return { name, workersMb: total(workers), hostMb: total(hosts), hosts: hosts.length };
}

async function end(child) {
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

function summary(looks, seconds) {
  const bare = looks.find(({ name }) => name === BARE);
  const over = ({ workersMb, hostMb }) => workersMb + hostMb - bare.workersMb;
  const ours = looks.find(({ name }) => name === 'promvisor');
  return {
    columns: ['', 'workers', 'host', 'hosts', 'over two bare'],
    rows: looks.map((one) => [
      one.name,
      one.workersMb,
      one.hosts === 0 ? '-' : one.hostMb,
      String(one.hosts),
      over(one),
    ]),
    goals: ours === undefined ? [] : [goal('private MB over two bare node processes', over(ours), 20)],
    notes: [
      `private: Private_Clean and Private_Dirty of /proc/PID/smaps_rollup, after ${seconds} s of rest`,
      "PM2's workers are children of its daemon, which is not counted",
    ],
  };
}
