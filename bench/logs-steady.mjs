import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { writeEcosystem } from './lib/apps.mjs';
import { runOk, until } from './lib/command.mjs';
import { createPm2 } from './lib/pm2.mjs';
import { cpuMs } from './lib/proc.mjs';
import { createPromvisor } from './lib/promvisor.mjs';
import { goal } from './lib/report.mjs';

export const about = 'ten apps that write 10,000 lines of 100 bytes a second each (CPU of the daemon, ms; lines lost)';

const PER_SECOND = 10_000;
const LINE_BYTES = 100;
/** Everything is up by then: what a start costs is in other benches. */
const START_MS = 8000;
const SLACK_MS = 60_000;
const CPU_GOAL = 1.3;
const FLOOR = fileURLToPath(new URL('programs/floor-steady.mjs', import.meta.url));
const WRITER = fileURLToPath(new URL('programs/writes-steadily.cjs', import.meta.url));

/**
 * @param {{ scratch: ReturnType<typeof import('./lib/scratch.mjs').createScratch>, seconds: number, apps: number, only?: string[] }} options
 */
export async function bench({ scratch, seconds, apps, only }) {
  const takesPart = (name) => only === undefined || only.includes(name);
  const results = [];
  if (takesPart('floor')) results.push({ name: 'floor', mode: '', ...(await floor({ scratch, seconds, apps })) });
  for (const [name, make] of [
    ['pm2', createPm2],
    ['promvisor', createPromvisor],
  ]) {
    if (!takesPart(name)) continue;
    const contender = await make(scratch);
    try {
      await contender.wake();
      for (const mode of ['fork', 'cluster']) {
        results.push({ name, mode, ...(await once(contender, { scratch, seconds, apps, mode })) });
      }
    } finally {
      await contender.end();
    }
  }
  const least = results.find(({ name }) => name === 'floor')?.cpu ?? Number.NaN;
  return {
    columns: ['', 'mode', 'CPU', 'lost', 'CPU / floor'],
    rows: results.map(({ name, mode, cpu, lost }) => [name, mode, cpu, String(lost), cpu / least]),
    goals: results
      .filter(({ name }) => name === 'promvisor')
      .flatMap(({ mode, cpu, lost }) => [
        goal(`lines lost or moved, ${mode}`, lost, 0),
        ...(Number.isNaN(least) ? [] : [goal(`CPU / floor, ${mode}`, cpu / least, CPU_GOAL)]),
      ]),
  };
}

async function floor({ scratch, seconds, apps }) {
  const writer = [WRITER, String(PER_SECOND), String(seconds), String(Date.now() + START_MS)];
  const argv = [process.execPath, FLOOR, scratch.root, String(apps), ...writer];
  const { stdout } = await runOk(argv, { env: scratch.env, cwd: scratch.root, timeoutMs: seconds * 1000 + SLACK_MS });
  const files = Array.from({ length: apps }, (_, i) => path.join(scratch.root, `floor-${i}.log`));
  return { cpu: JSON.parse(stdout).cpuMs, lost: lostIn(files, seconds) };
}

async function once(contender, { scratch, seconds, apps, mode }) {
  const names = Array.from({ length: apps }, (_, i) => `steady-${mode}-${i}`);
  const beginUnixMs = Date.now() + START_MS;
  const list = names.map((name) => ({
    name,
    script: WRITER,
    args: [String(PER_SECOND), String(seconds), String(beginUnixMs)],
    exec_mode: mode,
    autorestart: false,
    merge_logs: true,
  }));
  await contender.startFile(writeEcosystem(scratch.root, list));
  const files = names.map((name) => contender.logFile(name));
  await sleep(beginUnixMs - Date.now());
  const before = cpuMs(contender.daemonPid());
  const wanted = PER_SECOND * seconds * LINE_BYTES;
  await until(() => files.every((file) => (statSync(file, { throwIfNoEntry: false })?.size ?? 0) >= wanted), {
    what: 'all lines in the files',
    timeoutMs: seconds * 1000 + SLACK_MS,
    everyMs: 100,
  });
  const cpu = cpuMs(contender.daemonPid()) - before;
  for (const name of names) await contender.cli('delete', name);
  return { cpu, lost: lostIn(files, seconds) };
}

function lostIn(files, seconds) {
  let wrong = 0;
  for (const file of files) {
    const lines = readFileSync(file, 'latin1').split('\n').slice(0, -1);
    wrong += lines.filter((line, at) => Number(line.slice(5)) !== at + 1).length;
    wrong += Math.abs(lines.length - PER_SECOND * seconds);
  }
  return wrong;
}
