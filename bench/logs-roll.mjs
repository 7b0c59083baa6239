import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { native, writeEcosystem } from './lib/apps.mjs';
import { cpuMs, memory } from './lib/proc.mjs';
import { createPromvisor } from './lib/promvisor.mjs';
import { goal } from './lib/report.mjs';

export const about = 'a million lines of 100 bytes with max_size 10M, compressed and kept (MB, ms of CPU)';

const WRITER = '/usr/bin/seq';
const LINE_BYTES = 100;
const MIB = 1024 * 1024;
const MAX_BYTES = 10 * MIB;
const LOOK_MS = 20;
const QUIET_LOOKS = 50;
const LONGEST_MS = 120_000;
/** With and without a bound that is reached; the live file comes on top. */
const RETAINS = [3, 100];

/** @param {{ scratch: ReturnType<typeof import('./lib/scratch.mjs').createScratch>, lines: number }} options */
export async function bench({ scratch, lines }) {
  const promvisor = createPromvisor(scratch);
  const results = [];
  try {
    await promvisor.wake();
    for (const retain of RETAINS) results.push(await once(promvisor, { scratch, lines, retain }));
  } finally {
    await promvisor.end();
  }
  return {
    columns: ['retain', 'largest MB', 'peak MB', 'promised MB', 'files', 'lost', 'CPU', 'grown MB'],
    rows: results.map((one) => [
      String(one.retain),
      one.largest / MIB,
      one.peak / MIB,
      one.promised / MIB,
      String(one.files),
      one.lost === null ? '-' : String(one.lost),
      one.cpu,
      one.grownMb,
    ]),
    goals: results.flatMap((one) => [
      goal(`largest file, retain ${one.retain}, MB`, one.largest / MIB, 10.5),
      goal(`peak on disk / promised, retain ${one.retain}`, one.peak / one.promised, 1.05),
      ...(one.lost === null ? [] : [goal(`lines lost or moved, retain ${one.retain}`, one.lost, 0)]),
    ]),
    notes: [
      'the CPU is that of writing and rolling; compression begins ten seconds later and takes half of a core at most',
    ],
  };
}

async function once(promvisor, { scratch, lines, retain }) {
  const app = `roll-${retain}`;
  const live = promvisor.logFile(app);
  const args = ['-f', `line %0${LINE_BYTES - 'line \n'.length}.0f`, '1', String(lines)];
  const more = { autorestart: false, max_size: MAX_BYTES, retain };
  const before = cpuMs(promvisor.daemonPid());
  const beforeMb = memory(promvisor.daemonPid()).rssMb;
  await promvisor.startFile(writeEcosystem(scratch.root, [native(app, WRITER, args, more)]));
  const seen = await watch(live);
  const cpu = cpuMs(promvisor.daemonPid()) - before;
  const grownMb = memory(promvisor.daemonPid()).rssMb - beforeMb;
  const files = filesOf(live);
  const isWhole = files.length < retain;
  const lost = isWhole ? countWrong(files, lines) : null;
  await promvisor.cli('delete', app);
  rmSync(`${live}.d`, { recursive: true });
  const promised = MAX_BYTES * Math.min(retain + 1, Math.ceil((lines * LINE_BYTES) / MAX_BYTES));
  return { retain, ...seen, promised, files: files.length, lost, cpu, grownMb };
}

/** Until nothing changes any more: the largest file and the most bytes that were there at once. */
async function watch(live) {
  let [largest, peak, quiet, last] = [0, 0, 0, ''];
  const deadline = performance.now() + LONGEST_MS;
  while (quiet < QUIET_LOOKS && performance.now() < deadline) {
    const sizes = filesOf(live).map(sizeOf);
    largest = Math.max(largest, ...sizes);
    peak = Math.max(
      peak,
      sizes.reduce((sum, bytes) => sum + bytes, 0),
    );
    const now = sizes.join();
    quiet = now === last && now !== '' ? quiet + 1 : 0;
    last = now;
    await sleep(LOOK_MS);
  }
  return { largest, peak };
}

function filesOf(live) {
  let names = [];
  try {
    names = readdirSync(`${live}.d`).filter((name) => name.endsWith('.log'));
  } catch {
    // Before the first roll.
  }
  return [...names.sort().map((name) => path.join(`${live}.d`, name)), live];
}

function sizeOf(file) {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function countWrong(files, lines) {
  let expected = 1;
  let wrong = 0;
  for (const file of files) {
    for (const line of readFileSync(file, 'latin1').split('\n').slice(0, -1)) {
      if (Number(line.slice(5)) !== expected) wrong += 1;
      expected += 1;
    }
  }
  return wrong + Math.abs(lines + 1 - expected);
}
