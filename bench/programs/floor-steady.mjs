// The floor of logs-steady: one Node process that reads the output of programs from pipes and appends it to files.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMs } from '../lib/proc.mjs';

const [folder, count, ...argv] = process.argv.slice(2);
const beginUnixMs = Number(argv.at(-1));
const piping = Promise.all(
  Array.from({ length: Number(count) }, (_, i) => {
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
    return pipeline(child.stdout, createWriteStream(path.join(folder, `floor-${i}.log`), { flags: 'a' }));
  }),
);
await sleep(beginUnixMs - Date.now());
// The same count as for the daemons: getrusage(2) takes short bursts for less than the scheduler does.
const before = cpuMs(process.pid);
await piping;
process.stdout.write(JSON.stringify({ cpuMs: cpuMs(process.pid) - before }));
