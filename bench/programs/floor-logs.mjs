// The floor: a Node process that reads a program's output from a pipe and appends it to a file, with or without a stamp a line.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const [file, stamped, program, ...args] = process.argv.slice(2);
const NEWLINE = 10;
let stamp = Buffer.alloc(0);
let stampSecond = 0;

function currentStamp() {
  const second = Math.floor(Date.now() / 1000);
  if (second !== stampSecond) {
    stampSecond = second;
    stamp = Buffer.from(`${new Date(second * 1000).toISOString().slice(0, 19)}: `);
  }
  return stamp;
}

function stamper() {
  let rest = Buffer.alloc(0);
  return new Transform({
    transform(chunk, _encoding, done) {
      const prefix = currentStamp();
      const parts = [];
      let from = 0;
      for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
        parts.push(prefix, rest, chunk.subarray(from, at + 1));
        if (rest.length > 0) rest = Buffer.alloc(0);
        from = at + 1;
      }
      rest = Buffer.concat([rest, chunk.subarray(from)]);
      done(null, Buffer.concat(parts));
    },
  });
}

const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
const sink = createWriteStream(file, { flags: 'a' });
await (stamped === 'time' ? pipeline(child.stdout, stamper(), sink) : pipeline(child.stdout, sink));
const { user, system } = process.cpuUsage();
process.stdout.write(JSON.stringify({ cpuMs: (user + system) / 1000 }));
