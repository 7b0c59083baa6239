import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Every process of a run carries this variable, so that what is left can be found and ended by pid. */
const MARK = 'PROMVISOR_BENCH_RUN';

/**
 * One run's private place: a folder below the system's temp folder and an environment that points nowhere else.
 * @returns {{ root: string, env: NodeJS.ProcessEnv, leftovers(): number[], dispose(): number }}
 */
export function createScratch() {
  const root = mkdtempSync(path.join(tmpdir(), 'promvisor-bench-'));
  const env = { ...cleanEnv(process.env), HOME: root, [MARK]: root };
  const leftovers = () => marked(`${MARK}=${root}`).filter((pid) => pid !== process.pid);
  return {
    root,
    env,
    leftovers,
    /** Kills what is left and removes the folder; returns how many processes had to be killed. */
    dispose() {
      const left = leftovers();
      for (const pid of left) killQuietly(pid);
      rmSync(root, { recursive: true, force: true, maxRetries: 5 });
      return left.length;
    },
  };
}

/** Without settings of this shell that would change what is measured. */
function cleanEnv(env) {
  const dropped = /^(PM2_|PROMVISOR_|NODE_OPTIONS$|npm_|pm_id$)/;
  return Object.fromEntries(Object.entries(env).filter(([key]) => !dropped.test(key)));
}

function marked(entry) {
  if (process.platform !== 'linux') return [];
  const wanted = `${entry}\0`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => `${readQuietly(`/proc/${pid}/environ`)}\0`.includes(wanted))
    .map(Number);
}

function readQuietly(file) {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

/** @param {number | undefined} pid a process of this run, if it came to be */
export function killQuietly(pid) {
  if (pid === undefined) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already, which is what was wanted.
  }
}

/**
 * Compiles a C program, where there is a compiler.
 * @param {string} source path of the source
 * @param {string} target path of the program
 * @returns {boolean} false without a compiler
 */
export function compile(source, target) {
  try {
    execFileSync('cc', ['-O2', '-o', target, source], { stdio: 'ignore', timeout: 60_000 });
    return true;
  } catch {
    return false;
  }
}
