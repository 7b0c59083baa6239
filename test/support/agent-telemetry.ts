import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { AgentSnapshot, AgentTelemetry, HistogramRow } from '../../src/base/agent-telemetry.ts';
import type { AgentBench } from './agent-apps.ts';
import type { Said } from './agent-daemon.ts';
import { until } from './until.ts';

let questions = 0;

/**
 * Asks the agent of a bench for the built-in figures.
 * @param bench with one app
 * @returns its answer
 */
export async function askTelemetry(bench: AgentBench): Promise<AgentTelemetry> {
  return (await ask(bench, 'telemetry')).telemetry;
}

/**
 * Asks the agent of a bench for the app's own metrics.
 * @param bench with one app
 * @returns its answer
 */
export function askMetrics(bench: AgentBench): Promise<Said<'metrics'>> {
  return ask(bench, 'metrics');
}

async function ask<T extends 'telemetry' | 'metrics'>({ daemon }: AgentBench, type: T): Promise<Said<T>> {
  const seq = ++questions;
  await daemon.untilHeard('hello');
  daemon.say({ type, seq });
  const isAnswer = (message: object): message is Said<T> => 'seq' in message && message.seq === seq;
  return until(() => daemon.heard.find(isAnswer), { what: `answer ${seq}, ${type}` });
}

/**
 * Asks until what was counted is as expected.
 * @param bench with one app
 * @param pick what of the answer is meant
 * @param isExpected true for what is waited for
 * @returns it
 */
export function untilTelemetry<T>(
  bench: AgentBench,
  pick: (telemetry: AgentTelemetry) => T,
  isExpected: (picked: T) => boolean,
): Promise<T> {
  const look = async () => {
    const picked = pick(await askTelemetry(bench));
    if (!isExpected(picked)) throw new Error(`got ${JSON.stringify(picked)}`);
    return { picked };
  };
  return until(look, { what: 'telemetry as expected' }).then(({ picked }) => picked);
}

/**
 * Counts what is in rows, whatever its duration.
 * @param rows of a histogram
 * @returns how many by the labels, joined by a space
 */
export function countsOf(rows: readonly HistogramRow[]): Readonly<Record<string, number>> {
  return Object.fromEntries(
    rows.map(([labels, , counts]) => [labels.join(' '), counts.reduce((sum, count) => sum + count, 0)]),
  );
}

/**
 * Reads snapshot files as the daemon does.
 * @param folder of the bench
 * @returns the newest that is whole, or null
 */
export function newestSnapshot(folder: string): AgentSnapshot | null {
  const whole = ['a', 'b'].flatMap((ending) => wholeSnapshot(path.join(folder, `snapshot.${ending}`)) ?? []);
  return whole.sort((a, b) => b.taken - a.taken)[0] ?? null;
}

function wholeSnapshot(file: string): AgentSnapshot | null {
  const text = readOrNothing(file);
  const [, taken, bytes] = /^(\d+) (\d+)\n/.exec(text) ?? [];
  const json = text.slice(text.indexOf('\n') + 1);
  if (bytes === undefined || Buffer.byteLength(json) !== Number(bytes)) return null;
  const snapshot = JSON.parse(json) as AgentSnapshot;
  return snapshot.taken === Number(taken) ? snapshot : null;
}

function readOrNothing(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/**
 * Lists snapshot files.
 * @param folder of the bench
 * @returns their names
 */
export function snapshotFiles(folder: string): readonly string[] {
  return readdirSync(folder).filter((name) => name.startsWith('snapshot.'));
}

/**
 * Sums a family of a snapshot or an answer.
 * @param families where it is
 * @param name of the family
 * @returns values by name and labels
 */
export function valuesOf(
  families: AgentSnapshot['families'] | null,
  name: string,
): Readonly<Record<string, number | null>> {
  const values = families?.find((family) => family.name === name)?.values ?? [];
  return Object.fromEntries(
    values.map(({ metricName = name, labels, value }) => {
      const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
      return [[metricName, ...sorted.map(([key, label]) => `${key}=${label}`)].join(' '), value];
    }),
  );
}
