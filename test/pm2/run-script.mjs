import { spawn } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const LONGEST_MS = 60_000;

/**
 * Runs deploy.sh line by line in a copy of the apps.
 * @param options a folder of its own, and an environment
 * with PM2_HOME and a PATH that finds `pm2`
 * @returns steps
 */
export async function runScript({ root, env }) {
  const cwd = path.join(root, 'shop');
  cpSync(path.join(HERE, 'apps'), cwd, { recursive: true });
  const lines = readFileSync(path.join(HERE, 'deploy.sh'), 'utf8').split('\n');
  const steps = [];
  for (const command of lines.filter((line) => line !== '' && !line.startsWith('#'))) {
    steps.push(normalized(command, await runLine(command, { cwd, env }), { cwd, home: env.PM2_HOME ?? '' }));
  }
  return steps;
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

function linesOf(text, { cwd, home }) {
  const lines = text
    .replace(/\n$/, '')
    .replaceAll(home, 'PM2_HOME')
    .replaceAll(cwd, 'CWD')
    .split('\n')
    // Rules of boxes are as wide as what is in them.
    .filter((line) => !/^[┌├└]/.test(line))
    .map(stableLine);
  return text === '' ? [] : sortedRuns(lines);
}

/** Pids, times and figures. */
function stableLine(line) {
  const cells = line.startsWith('│') ? line.split('│').slice(1, -1) : null;
  if (cells === null)
    return line
      .replace(/^(\S+ \S+ )\d{3,}( online )\d+$/, '$1PID$2BYTES')
      .replace(/^host metrics .*/, 'host metrics')
      .replace(/ after \d+ ms/, ' after MS');
  const texts = cells.map((cell) => cell.trim());
  return `│ ${texts.map((cell, at) => stableCell(cell, { at, row: texts })).join(' │ ')} │`;
}

const LIST_COLUMNS = 13;

function stableCell(cell, { at, row }) {
  if (row.length !== LIST_COLUMNS) return cell.replace(/^\d{4}-\d\d-\d\dT.*Z$/, 'DATE').replace(/^\d+s$/, 'UPTIME');
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
