import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeEcosystem } from './lib/apps.mjs';
import { pause } from './lib/command.mjs';
import { takesPart, wakeContenders } from './lib/contenders.mjs';
import { cpuMs, memory } from './lib/proc.mjs';
import { program } from './lib/programs.mjs';
import { goal, median } from './lib/report.mjs';

export const about =
  'idle Node HTTP apps in fork mode, beside bare ones (CPU in percent of one core; MB of 2^20 bytes, median app)';

/** V8 collects garbage once, 8 to 17 s after a start, in any process above a bare hello-world: that is the start's. */
const SETTLE_MS = 30_000;
const APP = program('http-app.cjs');
const BARE = 'bare node';

/**
 * All are looked at over the same stretch of time.
 * @param {{ scratch: ReturnType<typeof import('./lib/scratch.mjs').createScratch>, apps: number, seconds: number, only?: string[] }} options
 */
export async function bench({ scratch, apps, seconds, only }) {
  const supervisors = await wakeContenders(scratch, only);
  const groups = [];
  let bare = [];
  try {
    for (const supervisor of supervisors) groups.push(await startApps(scratch, supervisor, apps));
    if (takesPart('floor', only)) {
      bare = Array.from({ length: apps }, () => spawn(process.execPath, [APP], { env: scratch.env, stdio: 'ignore' }));
      groups.unshift({ name: BARE, pids: bare.map(({ pid }) => pid) });
    }
    await pause(SETTLE_MS);
    return summary(await look(groups, seconds), apps, seconds);
  } finally {
    await Promise.all(bare.map(end));
    for (const supervisor of supervisors) await supervisor.end();
  }
}

async function startApps(scratch, supervisor, apps) {
  const entries = Array.from({ length: apps }, (_, i) => ({ name: `idle-${i}`, script: APP, exec_mode: 'fork' }));
  await supervisor.startFile(writeEcosystem(scratch.root, entries));
  const online = (await supervisor.list()).filter(({ status }) => status === 'online');
  if (online.length !== apps) throw new Error(`${supervisor.name}: expected ${apps} apps, got ${online.length}`);
  return { name: supervisor.name, pids: online.map(({ pid }) => pid), daemon: supervisor.daemonPid() };
}

async function look(groups, seconds) {
  const total = (pids) => pids.reduce((sum, pid) => sum + cpuMs(pid), 0);
  const used = () =>
    groups.map(({ pids, daemon }) => ({
      apps: total(pids),
      daemon: daemon === undefined ? Number.NaN : cpuMs(daemon),
    }));
  const before = used();
  const begin = performance.now();
  await pause(seconds * 1000);
  const after = used();
  const percent = (ms) => (ms / (performance.now() - begin)) * 100;
  return groups.map(({ name, pids }, i) => {
    const memories = pids.map(memory);
    return {
      name,
      appsPercent: percent(after[i].apps - before[i].apps),
      daemonPercent: percent(after[i].daemon - before[i].daemon),
      rssMb: median(memories.map(({ rssMb }) => rssMb)),
      privateMb: median(memories.map(({ privateMb }) => privateMb)),
    };
  });
}

async function end(child) {
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

function summary(looks, apps, seconds) {
  const bare = looks.find(({ name }) => name === BARE);
  const ours = looks.find(({ name }) => name === 'promvisor');
  const percent = (value) => (Number.isNaN(value) ? '-' : value.toFixed(3));
  const over = (look, key) => (bare === undefined ? Number.NaN : look[key] - bare[key]);
  const goals = [];
  if (ours !== undefined) goals.push(goal('CPU % of all apps', ours.appsPercent, 0.2));
  if (ours !== undefined && bare !== undefined)
    goals.push(goal('RSS of an app over bare node, MB', over(ours, 'rssMb'), 3));
  return {
    columns: [`${apps} apps`, 'CPU % apps', 'CPU % daemon', 'RSS', 'private', 'RSS over bare', 'private over bare'],
    rows: looks.map((look) => [
      look.name,
      percent(look.appsPercent),
      percent(look.daemonPercent),
      look.rssMb,
      look.privateMb,
      over(look, 'rssMb'),
      over(look, 'privateMb'),
    ]),
    goals,
    notes: [`CPU of all apps together over ${seconds} s, after ${SETTLE_MS / 1000} s of rest`],
  };
}
