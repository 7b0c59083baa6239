import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readState, type SavedState, stateText } from '../../src/daemon/state/saved.ts';
import { isRunning } from './processes.ts';
import type { TestHome } from './test-home.ts';
import { until } from './until.ts';

/**
 * Kills the daemon of a home with SIGKILL and waits until it is gone.
 * @param home of the test
 * @returns the pid that it had
 */
export async function killDaemon(home: TestHome): Promise<number> {
  const { pid } = await home.ping();
  // A command that was confirmed is in the state a moment later.
  const isNoted = async () => headerOf(home).instances === (await home.instances()).length;
  await until(isNoted, { what: 'all instances in the state' });
  process.kill(pid, 'SIGKILL');
  await until(() => !isRunning(pid), { what: 'the daemon is gone' });
  return pid;
}

function headerOf(home: TestHome): { readonly instances: number } {
  return JSON.parse(readFileSync(stateFile(home), 'utf8').split('\n', 1)[0] ?? '') as { instances: number };
}

/** Path of the state file of a home. */
export function stateFile(home: TestHome): string {
  return path.join(home.root, 'home/state/state.json');
}

/**
 * Changes what a daemon has left, as no daemon would.
 * @param home of the test, without a daemon
 * @param change of the state
 */
export function rewriteState(home: TestHome, change: (state: SavedState) => SavedState): void {
  const state = readState(readFileSync(stateFile(home), 'utf8'));
  if ('problem' in state) throw new Error(`the state cannot be read: ${state.text}`);
  const { instances, stopping, bootId, ...rest } = change(state);
  const body = JSON.stringify({ instances, stopping, bootId, ...rest });
  writeFileSync(stateFile(home), stateText({ body, instances: instances.length, stopping, bootId }));
}

/**
 * Checks that a log has the numbers from its first on, each once.
 * @param text of the log; each line ends with a number
 * @returns how often a number was repeated or left out
 */
export function gapsIn(text: string): { readonly lines: number; readonly missing: number; readonly repeated: number } {
  const numbers = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
  let missing = 0;
  let repeated = 0;
  for (const [at, number] of numbers.entries()) {
    const before = numbers[at - 1];
    if (before === undefined || number === before + 1) continue;
    if (number > before) missing += number - before - 1;
    else repeated++;
  }
  return { lines: numbers.length, missing, repeated };
}

/**
 * The counters of apps on a page of metrics, those of histograms too.
 * @param body text exposition
 * @returns values by series
 */
export function countersIn(body: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const line of body.split('\n')) {
    const [series = '', value = ''] = line.split(/ (?=\S+$)/);
    // Two that prom-client calls so and that are gauges.
    if (/^nodejs_active_/.test(series)) continue;
    if (series.includes('app="') && /^[a-z0-9_]+_(?:total|count|sum|bucket)\{/.test(series))
      found.set(series, Number(value));
  }
  return found;
}
