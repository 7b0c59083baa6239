import { spawn, spawnSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { native, writeEcosystem } from './lib/apps.mjs';
import { until } from './lib/command.mjs';
import { createPm2 } from './lib/pm2.mjs';
import { createPromvisor } from './lib/promvisor.mjs';
import { goal, median, quantile } from './lib/report.mjs';
import { compile, killQuietly } from './lib/scratch.mjs';

export const about =
  'kill -9 to the first instruction of the new process, native app, first crash, no delay configured (ms)';

const programs = (name) => fileURLToPath(new URL(`programs/${name}`, import.meta.url));

/**
 * Each sample is an app of its own, so that every crash is a first one.
 * @param {{ scratch: ReturnType<typeof import('./lib/scratch.mjs').createScratch>, rounds: number }} options
 */
export async function bench({ scratch, rounds }) {
  const compiled = path.join(scratch.root, 'stamp');
  const program = compile(programs('stamp.c'), compiled) ? compiled : programs('stamp.sh');
  const stamps = createStamps(path.join(scratch.root, 'stamps'));
  const contenders = [createFloor(scratch, program), await createPm2(scratch), createPromvisor(scratch)];
  const samples = Object.fromEntries(contenders.map(({ name }) => [name, []]));
  try {
    for (const contender of contenders) await startStampers(contender, { scratch, program, stamps, rounds });
    for (let round = 0; round < rounds; round += 1) {
      // Alternating, and in another order each time.
      for (let turn = 0; turn < contenders.length; turn += 1) {
        const { name } = contenders[(round + turn) % contenders.length];
        samples[name].push(await killOnce(stamps, `${name}-${round}`));
      }
    }
  } finally {
    for (const contender of contenders) await contender.end();
    // What the floor started has nobody else to end it.
    for (let round = 0; round < rounds; round += 1) killQuietly(stamps.latest(`floor-${round}`)?.pid);
    stamps.close();
  }
  return summary(samples, program);
}

async function startStampers(contender, { scratch, program, stamps, rounds }) {
  const tags = Array.from({ length: rounds }, (_, round) => `${contender.name}-${round}`);
  if (contender.startTags !== undefined) contender.startTags(stamps.file, tags);
  else {
    await contender.wake();
    await contender.startFile(
      writeEcosystem(
        scratch.root,
        tags.map((tag) => native(tag, program, [stamps.file, tag])),
      ),
    );
  }
  for (const tag of tags) await stamps.next(tag, 0);
}

async function killOnce(stamps, tag) {
  const before = stamps.latest(tag);
  const killedAt = {
    m: process.hrtime.bigint(),
    w: BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e6)),
  };
  process.kill(before.pid, 'SIGKILL');
  const after = await stamps.next(tag, before.count);
  return Number(after.atNs - killedAt[after.clock]) / 1e6;
}

/** The pipe into which every app says that it runs; open here for reading and writing, so that it never ends. */
function createStamps(file) {
  if (spawnSync('mkfifo', [file]).status !== 0) throw new Error(`mkfifo ${file}: failed`);
  const fd = openSync(file, constants.O_RDWR | constants.O_NONBLOCK);
  const seen = new Map();
  const socket = new Socket({ fd, readable: true, writable: false });
  let rest = '';
  socket.on('data', (chunk) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(line.split(' '));
  });
  function take([clock, atNs, pid, tag]) {
    const count = (seen.get(tag)?.count ?? 0) + 1;
    seen.set(tag, { clock, atNs: BigInt(atNs), pid: Number(pid), count });
  }
  return {
    file,
    latest: (tag) => seen.get(tag),
    async next(tag, count) {
      const newer = () => (seen.get(tag)?.count ?? 0) > count && seen.get(tag);
      return newer() || until(newer, { what: `stamp of ${tag}`, timeoutMs: 60_000, everyMs: 10 });
    },
    close() {
      socket.destroy();
      try {
        closeSync(fd);
      } catch {
        // The socket has closed it.
      }
    },
  };
}

function createFloor(scratch, program) {
  let child;
  return {
    name: 'floor',
    startTags(pipe, tags) {
      child = spawn(process.execPath, [programs('floor-restart.mjs'), program, pipe, ...tags], {
        env: scratch.env,
        stdio: 'ignore',
      });
    },
    async end() {
      child?.kill('SIGKILL');
    },
  };
}

function summary(samples, program) {
  const middle = (name) => median(samples[name]);
  const rows = Object.keys(samples).map((name) => [
    name,
    middle(name),
    quantile(samples[name], 0.95),
    String(samples[name].length),
    middle(name) / middle('floor'),
    middle(name) / middle('pm2'),
  ]);
  return {
    columns: ['', 'median', 'p95', 'samples', '/ floor', '/ pm2'],
    rows,
    goals: [
      goal('restart / bare Node spawner', middle('promvisor') / middle('floor'), 1.5),
      goal('restart / pm2', middle('promvisor') / middle('pm2'), 1),
    ],
    notes: program.endsWith('.sh')
      ? ['no C compiler: the app is a bash script, whose own start is in the figures']
      : [],
  };
}
