import { sleepers, writeEcosystem } from './lib/apps.mjs';
import { runOk } from './lib/command.mjs';
import { createPm2 } from './lib/pm2.mjs';
import { createPromvisor } from './lib/promvisor.mjs';
import { goal, median } from './lib/report.mjs';

export const about = 'cost of one read command (ms of CPU, of the client; wall)';

const COMMANDS = ['list', 'jlist', 'ping'];

/** @param {{ scratch: ReturnType<typeof import('./lib/scratch.mjs').createScratch>, rounds: number, apps: number }} options */
export async function bench({ scratch, rounds, apps }) {
  const contenders = [await createPm2(scratch), createPromvisor(scratch)];
  const jobs = [{ key: 'node -e 0', argv: [process.execPath, '-e', '0'], env: scratch.env, cpuMs: [], wallMs: [] }];
  try {
    const file = writeEcosystem(scratch.root, sleepers(apps));
    for (const contender of contenders) {
      await contender.wake();
      await contender.startFile(file);
      for (const command of COMMANDS) {
        const argv = contender.argv([command]);
        jobs.push({ key: `${contender.name} ${command}`, argv, env: contender.env, cpuMs: [], wallMs: [] });
      }
    }
    for (let round = -1; round < rounds; round += 1) {
      for (const job of jobs) {
        const { cpuMs, wallMs } = await runOk(job.argv, { env: job.env, cwd: scratch.root });
        // The first round only warms the caches.
        if (round < 0) continue;
        job.cpuMs.push(cpuMs);
        job.wallMs.push(wallMs);
      }
    }
  } finally {
    for (const contender of contenders) await contender.end();
  }
  return summary(jobs, apps);
}

function summary(jobs, apps) {
  const cpu = Object.fromEntries(jobs.map((job) => [job.key, median(job.cpuMs)]));
  const base = cpu['node -e 0'];
  return {
    columns: [`${apps} apps`, 'CPU', 'wall', 'CPU / node -e 0', 'CPU / pm2'],
    rows: jobs.map(({ key, wallMs }) => {
      const rival = cpu[key.replace('promvisor', 'pm2')];
      return [key, cpu[key], median(wallMs), cpu[key] / base, key.startsWith('promvisor') ? cpu[key] / rival : '-'];
    }),
    goals: ['list', 'jlist'].map((command) =>
      goal(`CPU of ${command} / node -e 0`, cpu[`promvisor ${command}`] / base, 1.3),
    ),
  };
}
