import { spawn } from 'node:child_process';

const LONGEST_RUN_MS = 180_000;
const HELD_PIPE_MS = 1_000;
const LONGEST_OUTPUT_BYTES = 64 * 1024 * 1024;

/**
 * Runs a command to its end and takes its cost from the kernel's account of waited-for children (bash's `time`:
 * user, system and wall with a millisecond each; a daemon that it leaves behind is not counted).
 * @param {readonly string[]} argv program and arguments
 * @param {{ env: NodeJS.ProcessEnv, cwd: string, timeoutMs?: number }} options
 * @returns {Promise<{ code: number | null, stdout: string, stderr: string, wallMs: number, cpuMs: number }>}
 */
export function run(argv, { env, cwd, timeoutMs = LONGEST_RUN_MS }) {
  const script = 'TIMEFORMAT="%3R %3U %3S"; { time "$@" 2>&4 3>&- 4>&-; } 2>&3';
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-c', `exec 4>&2; ${script}`, 'bash', ...argv], {
      env: { ...env, LC_ALL: 'C' },
      cwd,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    const texts = [1, 2, 3].map((fd) => collect(child.stdio[fd]));
    child.on('error', reject);
    const finish = (code) => {
      const [stdout, stderr, times] = texts.map((text) => text());
      const [wallS, userS, systemS] = times.trim().split(/\s+/).map(Number);
      resolve({ code, stdout, stderr, wallMs: wallS * 1000, cpuMs: (userS + systemS) * 1000 });
    };
    child.on('close', finish);
    // A daemon that the command leaves behind may hold the pipes open.
    child.on('exit', (code) => setTimeout(finish, HELD_PIPE_MS, code).unref());
  });
}

function collect(stream) {
  const chunks = [];
  let bytes = 0;
  stream.on('data', (chunk) => {
    bytes += chunk.length;
    if (bytes <= LONGEST_OUTPUT_BYTES) chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString();
}

/**
 * Runs a command that must end well.
 * @param {readonly string[]} argv
 * @param {Parameters<typeof run>[1]} options
 * @returns {ReturnType<typeof run>}
 * @throws Error with the command's own words when it ends with another code than 0
 */
export async function runOk(argv, options) {
  const result = await run(argv, options);
  if (result.code === 0) return result;
  const words = `${result.stdout}\n${result.stderr}`.trim().slice(-2000);
  throw new Error(`${argv.join(' ')}: expected exit code 0, got ${result.code}\n${words}`);
}

/**
 * Waits for a fact.
 * @template T
 * @param {() => T | Promise<T>} look gives something truthy once it is so
 * @param {{ what: string, timeoutMs?: number, everyMs?: number }} options
 * @returns {Promise<T>}
 * @throws Error naming what did not come
 */
export async function until(look, { what, timeoutMs = 60_000, everyMs = 20 }) {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    const found = await look();
    if (found) return found;
    await pause(everyMs);
  }
  throw new Error(`${what}: not within ${timeoutMs} ms`);
}

/** @param {number} delayMs */
export function pause(delayMs) {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
