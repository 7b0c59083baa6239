import { sleepers, writeEcosystem } from './lib/apps.mjs';
import { pause } from './lib/command.mjs';
import { createPm2 } from './lib/pm2.mjs';
import { cpuMs, memory } from './lib/proc.mjs';
import { createPromvisor } from './lib/promvisor.mjs';
import { goal } from './lib/report.mjs';

export const about = 'the daemon with idle native apps (MB of 2^20 bytes; CPU in percent of one core)';

const SIZES = [0, 100, 300];
/** V8 collects garbage once, 8 to 17 s after a start: that belongs to the start. */
const SETTLE_MS = 20_000;

/**
 * Both daemons are looked at over the same stretch of time.
 * @param {{ scratch: ReturnType<typeof import('./lib/scratch.mjs').createScratch>, seconds: number }} options
 */
export async function bench({ scratch, seconds }) {
  const contenders = [await createPm2(scratch), createPromvisor(scratch)];
  const looks = [];
  try {
    for (const contender of contenders) await contender.wake();
    let running = 0;
    for (const apps of SIZES) {
      const more = sleepers(apps, 'idle').slice(running);
      running = apps;
      if (more.length > 0) {
        const file = writeEcosystem(scratch.root, more);
        for (const contender of contenders) await contender.startFile(file);
      }
      looks.push(...(await look(contenders, apps, seconds)));
    }
  } finally {
    for (const contender of contenders) await contender.end();
  }
  return summary(looks, seconds);
}

async function look(contenders, apps, seconds) {
  await pause(SETTLE_MS);
  const before = contenders.map((contender) => cpuMs(contender.daemonPid()));
  const begin = performance.now();
  await pause(seconds * 1000);
  const elapsedMs = performance.now() - begin;
  return contenders.map((contender, i) => {
    const pid = contender.daemonPid();
    return { name: contender.name, apps, ...memory(pid), cpuPercent: ((cpuMs(pid) - before[i]) / elapsedMs) * 100 };
  });
}

function summary(looks, seconds) {
  const of = (name, apps) => looks.find((one) => one.name === name && one.apps === apps);
  return {
    columns: ['', 'apps', 'RSS', 'PSS', 'CPU %', 'RSS / pm2'],
    rows: looks.map(({ name, apps, rssMb, pssMb, cpuPercent }) => [
      name,
      String(apps),
      rssMb,
      pssMb,
      cpuPercent.toFixed(3),
      rssMb / of('pm2', apps).rssMb,
    ]),
    goals: SIZES.flatMap((apps) => [
      goal(`RSS at ${apps} / pm2`, of('promvisor', apps).rssMb / of('pm2', apps).rssMb, 1),
      goal(`CPU % at ${apps}`, of('promvisor', apps).cpuPercent, of('pm2', apps).cpuPercent),
    ]),
    notes: [`over ${seconds} s after ${SETTLE_MS / 1000} s of rest; PM2 looks at its apps every 30 s`],
  };
}
