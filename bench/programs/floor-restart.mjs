// The floor: what any supervisor in Node must pay. Starts the program once per tag and again after each death.
import { spawn } from 'node:child_process';

const [program, pipe, ...tags] = process.argv.slice(2);

function start(tag) {
  const child = spawn(program, [pipe, tag], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.resume();
  child.stderr.resume();
  child.on('exit', () => start(tag));
}

for (const tag of tags) start(tag);
