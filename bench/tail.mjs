import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { sleepers, writeEcosystem } from './lib/apps.mjs';
import { runOk } from './lib/command.mjs';
import { createPromvisor } from './lib/promvisor.mjs';
import { goal, median } from './lib/report.mjs';

export const about = 'reading from 2 GB of rolled logs: 4 apps with 10 files of 51 MB each (ms)';

const APPS = 4;
const FILES = 10;
const LINE_BYTES = 100;
const LINES = 512 * 1024;
/** As the daemon writes them: one in 64 KiB. */
const LINES_PER_ENTRY = 656;
const ENTRY_NS = 10_000_000n;
const LIMIT = 1.5;

/** @param {{ scratch: ReturnType<typeof import('./lib/scratch.mjs').createScratch>, rounds: number }} options */
export async function bench({ scratch, rounds }) {
  const contender = createPromvisor(scratch);
  // The files are to stay as they are made.
  contender.env.PROMVISOR_LOGS_MAX_TOTAL = '0';
  contender.env.PROMVISOR_LOGS_COMPRESS = 'false';
  let jobs = [];
  try {
    await contender.wake();
    await contender.startFile(writeEcosystem(scratch.root, sleepers(APPS + 1, 'big')));
    const lastSecond = makeLogs(contender);
    const logs = (key, ...args) => ({ key, argv: contender.argv(['logs', '--nostream', ...args]) });
    jobs = [
      { key: 'ping', argv: contender.argv(['ping']) },
      logs('last 20 lines of one app', '--lines', '20', 'big-0'),
      logs(`last 20 lines of ${APPS} apps`, '--lines', '20', '/^big-[0-3]/'),
      logs('20 lines up to a minute ago', '--lines', '20', '--until', String(lastSecond - 60), 'big-0'),
      logs('20 lines with a text', '--lines', '20', '--grep', '77', 'big-0'),
      logs('lines of the last second', '--since', String(lastSecond), 'big-0'),
      logs('20 lines of a packed file', '--lines', '20', `big-${APPS}`),
    ].map((job) => ({ ...job, cpuMs: [], wallMs: [], lines: 0 }));
    for (let round = -1; round < rounds; round += 1) {
      for (const job of jobs) {
        const { cpuMs, wallMs, stdout } = await runOk(job.argv, { env: contender.env, cwd: scratch.root });
        job.lines = stdout.split('\n').length - 1;
        // The first round only warms the caches.
        if (round < 0) continue;
        job.cpuMs.push(cpuMs);
        job.wallMs.push(wallMs);
      }
    }
  } finally {
    await contender.end();
  }
  return summary(jobs);
}

/**
 * Files of one content under many names: what is not read need not be there twice.
 * @returns {number} Unix seconds, a second before the youngest line
 */
function makeLogs(contender) {
  const line = `${'a line of a log '.repeat(9).slice(0, LINE_BYTES - 10)}`;
  const content = Buffer.from(
    Array.from({ length: LINES }, (_, i) => `${line} ${String(i).padStart(8, '0')}\n`).join(''),
  );
  const entries = Math.ceil(LINES / LINES_PER_ENTRY);
  const fileNs = BigInt(entries) * ENTRY_NS;
  const endNs = BigInt(Date.now()) * 1_000_000n;
  const first = contender.logFile('big-0');
  writeFileSync(first, content);
  for (let app = 0; app < APPS; app += 1) {
    const live = contender.logFile(`big-${app}`);
    mkdirSync(`${live}.d`);
    if (app > 0) linkSync(first, live);
    for (let file = 1; file <= FILES; file += 1) {
      const isLive = file === FILES;
      const name = path.join(`${live}.d`, String(file).padStart(9, '0'));
      if (!isLive) linkSync(first, `${name}.log`);
      const index = indexBytes(file, entries, endNs - BigInt(FILES - file + 1) * fileNs);
      writeFileSync(isLive ? path.join(`${live}.d`, 'live.idx') : `${name}.idx`, index);
    }
  }
  const packed = contender.logFile(`big-${APPS}`);
  mkdirSync(`${packed}.d`);
  writeFileSync(packed, '');
  writeFileSync(path.join(`${packed}.d`, '000000001.log.gz'), gzipSync(content, { level: 1 }));
  return Number(endNs / 1_000_000_000n) - 1;
}

/** The layout is that of src/logs/time-index.ts. */
function indexBytes(seq, entries, beginNs) {
  const bytes = Buffer.alloc(16 + entries * 16);
  bytes.write('PMVX');
  bytes.writeUInt32LE(1, 4);
  bytes.writeBigUInt64LE(BigInt(seq), 8);
  for (let entry = 0; entry < entries; entry += 1) {
    bytes.writeBigUInt64LE(BigInt(entry * LINES_PER_ENTRY * LINE_BYTES), 16 + entry * 16);
    bytes.writeBigUInt64LE(beginNs + BigInt(entry) * ENTRY_NS, 24 + entry * 16);
  }
  return bytes;
}

function summary(jobs) {
  const of = (index, what) => median(jobs[index][what]);
  return {
    columns: ['', 'CPU', 'wall', 'CPU / ping', 'wall / ping', 'lines'],
    rows: jobs.map(({ key, lines }, index) => [
      key,
      of(index, 'cpuMs'),
      of(index, 'wallMs'),
      of(index, 'cpuMs') / of(0, 'cpuMs'),
      of(index, 'wallMs') / of(0, 'wallMs'),
      String(lines),
    ]),
    goals: [1, 2].map((index) => goal(`${jobs[index].key}: wall / ping`, of(index, 'wallMs') / of(0, 'wallMs'), LIMIT)),
    notes: ['a packed file of 51 MB has to be unpacked from its begin'],
  };
}
