import { createReadStream, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { native, writeEcosystem } from './lib/apps.mjs';
import { runOk, until } from './lib/command.mjs';
import { createPm2 } from './lib/pm2.mjs';
import { cpuMs, memory } from './lib/proc.mjs';
import { createPromvisor } from './lib/promvisor.mjs';
import { goal, median } from './lib/report.mjs';

export const about = 'a million lines of 100 bytes to the log file (CPU of the daemon, ms; lines lost and cut)';

/** Writes in blocks that end in the middle of lines, as any program does whose output is not a terminal. */
const WRITER = '/usr/bin/seq';
const LINE_BYTES = 100;
const STAMP_BYTES = 'YYYY-MM-DDTHH:mm:ss: '.length;
const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d: /;
const CPU_GOALS = { plain: 0.8, time: 0.2 };
const CPU_MS_GOALS = { plain: 350, time: 700 };
const RSS_GOAL_MB = 30;
const FLOOR = fileURLToPath(new URL('programs/floor-logs.mjs', import.meta.url));

/** @param {{ scratch: ReturnType<typeof import('./lib/scratch.mjs').createScratch>, rounds: number, lines: number, only?: string[] }} options */
export async function bench({ scratch, rounds, lines, only }) {
  const contenders = await takingPart(scratch, only);
  const results = [];
  try {
    for (const contender of contenders) await contender.wake();
    for (const mode of Object.keys(CPU_GOALS)) {
      const runs = contenders.map(({ name }) => ({
        name,
        mode,
        cpuMs: [],
        wallMs: [],
        lost: 0,
        cut: 0,
        rssMb: 0,
        grownMb: 0,
      }));
      for (let round = 0; round < rounds; round += 1) {
        for (const [i, contender] of contenders.entries()) {
          await once(contender, { scratch, mode, lines, result: runs[i], app: `${mode}-${round}` });
        }
      }
      results.push(...runs);
    }
  } finally {
    for (const contender of contenders) await contender.end();
  }
  return summary(results);
}

async function takingPart(scratch, only) {
  const takesPart = (name) => only === undefined || only.includes(name);
  const contenders = [];
  if (takesPart('floor')) contenders.push(createFloor(scratch));
  if (takesPart('pm2')) contenders.push(await createPm2(scratch));
  if (takesPart('promvisor')) contenders.push(createPromvisor(scratch));
  return contenders;
}

async function once(contender, { scratch, mode, lines, result, app }) {
  const args = ['-f', `line %0${LINE_BYTES - 'line \n'.length}.0f`, '1', String(lines)];
  const file = contender.logFile(app);
  const wantedBytes = lines * (LINE_BYTES + (mode === 'time' ? STAMP_BYTES : 0));
  const begin = performance.now();
  if (contender.write !== undefined) result.cpuMs.push(await contender.write(file, mode, args));
  else {
    const before = cpuMs(contender.daemonPid());
    const beforeMb = memory(contender.daemonPid()).rssMb;
    // PM2 keeps everything in one file, and so it is compared; what rolling costs is in logs-roll.
    const more = { autorestart: false, time: mode === 'time', max_size: 0 };
    await contender.startFile(writeEcosystem(scratch.root, [native(app, WRITER, args, more)]));
    await settled(file, wantedBytes);
    result.cpuMs.push(cpuMs(contender.daemonPid()) - before);
    const { rssMb } = memory(contender.daemonPid());
    result.rssMb = Math.max(result.rssMb, rssMb);
    result.grownMb = Math.max(result.grownMb, rssMb - beforeMb);
    await contender.cli('delete', app);
  }
  result.wallMs.push(performance.now() - begin);
  const { lost, cut } = await verify(file, mode, lines);
  result.lost += lost;
  result.cut += cut;
  rmSync(file);
}

/** Until the file has all its bytes, or has stopped to grow. */
async function settled(file, wantedBytes) {
  const QUIET_LOOKS = 40;
  let size = -1;
  let quiet = 0;
  await until(
    () => {
      const now = statSync(file, { throwIfNoEntry: false })?.size ?? -1;
      quiet = now === size && now >= 0 ? quiet + 1 : 0;
      size = now;
      return size === wantedBytes || quiet > QUIET_LOOKS;
    },
    { what: `${file} complete`, timeoutMs: 120_000, everyMs: 50 },
  );
}

async function verify(file, mode, lines) {
  let expected = 1;
  let whole = 0;
  let cut = 0;
  for await (const text of createInterface({ input: createReadStream(file) })) {
    const line = mode === 'time' ? text.replace(STAMP, '') : text;
    const number = line.length === LINE_BYTES - 1 && line.startsWith('line ') ? Number(line.slice(5)) : Number.NaN;
    if (number >= expected) {
      whole += 1;
      expected = number + 1;
    } else cut += 1;
  }
  return { lost: lines - whole, cut };
}

function createFloor(scratch) {
  return {
    name: 'floor',
    logFile: (app) => path.join(scratch.root, `floor-${app}.log`),
    wake: async () => {},
    end: async () => {},
    async write(file, mode, args) {
      const { stdout } = await runOk([process.execPath, FLOOR, file, mode, WRITER, ...args], {
        env: scratch.env,
        cwd: scratch.root,
      });
      return JSON.parse(stdout).cpuMs;
    },
  };
}

function summary(results) {
  const of = (name, mode) => median(results.find((one) => one.name === name && one.mode === mode)?.cpuMs ?? []);
  return {
    columns: ['', 'mode', 'CPU', 'wall', 'lost', 'cut', 'RSS MB', 'grown MB', 'CPU / pm2'],
    rows: results.map(({ name, mode, wallMs, lost, cut, rssMb, grownMb }) => [
      name,
      mode,
      of(name, mode),
      median(wallMs),
      String(lost),
      String(cut),
      rssMb === 0 ? '-' : rssMb,
      rssMb === 0 ? '-' : grownMb,
      of(name, mode) / of('pm2', mode),
    ]),
    goals: Object.entries(CPU_GOALS).flatMap(([mode, limit]) => {
      const ours = results.find((one) => one.name === 'promvisor' && one.mode === mode);
      if (ours === undefined) return [];
      return [
        goal(`lines lost or cut, ${mode}`, ours.lost + ours.cut, 0),
        goal(`RSS grown, ${mode}, MB`, ours.grownMb, RSS_GOAL_MB),
        goal(`CPU, ${mode}, ms`, of('promvisor', mode), CPU_MS_GOALS[mode]),
        ...(of('pm2', mode) > 0 ? [goal(`CPU / pm2, ${mode}`, of('promvisor', mode) / of('pm2', mode), limit)] : []),
      ];
    }),
    notes: ['the CPU of the floor includes the start of Node; a lost line is one that is not whole in the file'],
  };
}
