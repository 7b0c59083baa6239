import { spawn } from 'node:child_process';
import { sleepers, writeEcosystem } from './lib/apps.mjs';
import { createPm2 } from './lib/pm2.mjs';
import { createPromvisor } from './lib/promvisor.mjs';
import { goal, median } from './lib/report.mjs';
import { killQuietly } from './lib/scratch.mjs';

export const about = 'start native apps from one ecosystem file, then restart all (ms of wall, of the command)';

/** @param {{ scratch: ReturnType<typeof import('./lib/scratch.mjs').createScratch>, rounds: number, apps: number }} options */
export async function bench({ scratch, rounds, apps }) {
  const contenders = [await createPm2(scratch), createPromvisor(scratch)];
  const times = {
    floor: { start: [], restart: [] },
    pm2: { start: [], restart: [] },
    promvisor: { start: [], restart: [] },
  };
  const file = writeEcosystem(scratch.root, sleepers(apps));
  try {
    for (const contender of contenders) await contender.wake();
    for (let round = 0; round < rounds; round += 1) {
      times.floor.start.push(await floorStart(scratch, apps));
      for (const contender of round % 2 === 0 ? contenders : [...contenders].reverse()) {
        const { startMs, restartMs } = await once(contender, file, apps);
        times[contender.name].start.push(startMs);
        times[contender.name].restart.push(restartMs);
      }
    }
  } finally {
    for (const contender of contenders) await contender.end();
  }
  return summary(times, apps);
}

async function once(contender, file, apps) {
  const started = await contender.startFile(file);
  const before = await online(contender, apps);
  const restarted = await contender.restartAll();
  const after = await online(contender, apps);
  const same = after.filter((pid) => before.includes(pid));
  if (same.length > 0) throw new Error(`${contender.name}: restart all left ${same.length} processes as they were`);
  await contender.deleteAll();
  return { startMs: started.wallMs, restartMs: restarted.wallMs };
}

async function online(contender, apps) {
  const list = (await contender.list()).filter(({ status }) => status === 'online');
  if (list.length !== apps) throw new Error(`${contender.name}: expected ${apps} apps online, got ${list.length}`);
  return list.map(({ pid }) => pid);
}

/** What spawning the same processes costs a bare Node program that runs already. */
async function floorStart(scratch, apps) {
  const begin = performance.now();
  const children = sleepers(apps).map(({ script, args }) => spawn(script, args, { env: scratch.env, detached: true }));
  await Promise.all(
    children.map((child) => new Promise((resolve, reject) => child.on('spawn', resolve).on('error', reject))),
  );
  const elapsedMs = performance.now() - begin;
  for (const child of children) killQuietly(child.pid);
  await Promise.all(children.map((child) => new Promise((resolve) => child.on('close', resolve))));
  return elapsedMs;
}

function summary(times, apps) {
  const start = (name) => median(times[name].start);
  const restart = (name) => median(times[name].restart);
  return {
    columns: [`${apps} apps`, 'start', 'restart all', 'start / pm2', 'restart / pm2'],
    rows: Object.keys(times).map((name) => [
      name,
      start(name),
      restart(name),
      start(name) / start('pm2'),
      restart(name) / restart('pm2'),
    ]),
    goals: [
      goal('start / pm2', start('promvisor') / start('pm2'), 0.5),
      goal('restart all / pm2', restart('promvisor') / restart('pm2'), 0.25),
    ],
    notes: ['floor: spawn alone in a running Node program, no command, no log files'],
  };
}
