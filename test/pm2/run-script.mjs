import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const LONGEST_MS = 180_000;

/** Scripts in scripts/, without their extension. */
export const SCRIPTS = readdirSync(path.join(HERE, 'scripts')).map((file) => path.basename(file, '.sh'));

/**
 * Lines of a script, without what is said about them.
 * @param script its name
 */
export function linesOfScript(script) {
  const lines = readFileSync(path.join(HERE, 'scripts', `${script}.sh`), 'utf8').split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}

/**
 * Runs a script line by line in a copy of the apps.
 * @param script its name
 * @param options a folder of its own, and an environment
 * with PM2_HOME and a PATH that finds `pm2`
 * @returns steps
 */
export async function runScript(script, { root, env }) {
  const cwd = path.join(root, 'shop');
  cpSync(path.join(HERE, 'apps'), cwd, { recursive: true });
  const ports = { PORT_A: String(await freePort()), PORT_B: String(await freePort()) };
  const places = Object.entries({ PM2_HOME: env.PM2_HOME ?? '', CWD: cwd, PM2, ...ports });
  const steps = [];
  for (const command of linesOfScript(script)) {
    steps.push(normalized(command, await runLine(command, { cwd, env: { ...env, ...ports } }), places));
  }
  return steps;
}

/** Below the ports that the system gives to whoever asks for any, so that no daemon is given it meanwhile. */
async function freePort() {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const server = createServer().listen(port, '127.0.0.1');
    const [isFree] = await Promise.race([
      once(server, 'listening').then(() => [true]),
      once(server, 'error').then(() => [false]),
    ]);
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

function runLine(command, { cwd, env }) {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-c', command], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: LONGEST_MS });
    const out = [];
    const err = [];
    child.stdout.on('data', (chunk) => out.push(chunk));
    child.stderr.on('data', (chunk) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out: String(Buffer.concat(out)), err: String(Buffer.concat(err)) }));
  });
}

function normalized(command, { code, out, err }, places) {
  return {
    command,
    stdout: linesOf(out, places),
    stderr: linesOf(err, places),
    newline: out === '' || out.endsWith('\n'),
    code,
  };
}

function linesOf(text, places) {
  const lines = withoutCrash(places.reduce((told, [name, place]) => told.replaceAll(place, name), text))
    .replace(/\n$/, '')
    .split('\n')
    // Rules of boxes are as wide as what is in them.
    .filter((line) => !/^[┌├└]/.test(line))
    .map(stableLine);
  return text === '' ? [] : sortedRuns(lines);
}

/** Where the program itself is installed; its own code is never shown. */
const PM2 = /(?:\/[\w.@-]+)*\/node_modules\/pm2(?=\/)/g;

/** What Node prints when a program dies of an error: that it did, and of what. */
function withoutCrash(text) {
  if (!/^Node\.js v/m.test(text)) return text;
  const [, error = 'an error'] = /^((?:[A-Z]\w*)?Error\b.*)$/m.exec(text) ?? [];
  return `dies: ${error}\n`;
}

/** Pids, times and figures. */
function stableLine(line) {
  const cells = line.startsWith('│') ? line.split('│').slice(1, -1) : null;
  if (cells === null)
    return line
      .replace(/^(\S+ \S+ )\d{3,}( online )\d+$/, '$1PID$2BYTES')
      .replace(/^host metrics .*/, 'host metrics')
      .replace(/ after \d+ ms/, ' after MS')
      .replace(/PATH=\$PATH:\S+/, 'PATH=$PATH:NODE')
      .replace(/\S*\/dist\/bin\//, 'PROMVISOR/')
      .replace(/\S+ \(pid \d+\)/g, 'VERSION (pid PID)')
      .replace(/\d{4}-\d\d-\d\d(T[\d:.]+Z?)?/g, (_, time) => (time === undefined ? 'DAY' : 'DAYTIME'));
  const texts = cells.map((cell) => cell.trim());
  return `│ ${texts.map((cell, at) => stableCell(cell, { at, row: texts })).join(' │ ')} │`;
}

const LIST_COLUMNS = 13;

function stableCell(cell, { at, row }) {
  if (row.length !== LIST_COLUMNS) return cell.replace(/^\d{4}-\d\d-\d\dT.*Z$/, 'DATE').replace(/^\d+s$/, 'UPTIME');
  if (at === 3) return cell.replace(/^\d+\.\d+\.\d+$/, 'VERSION');
  if (at === 5) return cell.replace(/^[1-9]\d*$/, 'PID').replace('N/A', '0');
  if (at === 6) return cell.replace(/^\d+s$/, 'UPTIME');
  if (at === 9) return cell.replace(/^[\d.]+%$/, 'CPU');
  if (at === 10 && row[8] === 'online') return cell.replace(/^[\d.]+[kmg]?b$/, 'MEM');
  return at === 11 && cell !== 'user' ? 'USER' : cell;
}

/** Several at once are done in no order. */
function sortedRuns(lines) {
  const isFree = (line) => /^\[PM2\] (?:\[.*\]\(\d+\) ✓|Process .* restored)$/.test(line);
  const result = [];
  let run = [];
  for (const line of [...lines, null]) {
    if (line !== null && isFree(line)) run.push(line);
    else {
      result.push(...run.sort());
      run = [];
      if (line !== null) result.push(line);
    }
  }
  return result;
}

/**
 * Steps as a text that people can read and compare.
 * @param steps of runScript
 */
export function transcriptOf(steps) {
  return steps
    .map(({ command, stdout, stderr, newline, code }) =>
      [
        `$ ${command}`,
        ...stdout.map((line) => `  ${line}`.trimEnd()),
        ...(newline ? [] : ['\\ no newline at the end']),
        ...stderr.map((line) => `! ${line}`.trimEnd()),
        `= ${code}`,
        '',
      ].join('\n'),
    )
    .join('\n');
}
