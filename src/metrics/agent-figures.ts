import { type AgentRuntime, GC_BUCKETS, HTTP_BUCKETS, HTTP_METHODS } from '../base/agent-telemetry.ts';
import type { Rows } from './ledger.ts';
import { CLIENT_CLASSES, GC_KINDS, SERVER_CLASSES } from './runtime-contract.ts';

/** What an agent told of its process, checked: it runs inside a program that is not ours. */
export interface AgentFigures {
  readonly taken: number;
  readonly runtime: AgentRuntime | null;
  readonly counters: Rows;
  readonly activeRequests: number;
  readonly upgradedConnections: number;
  readonly ownMetrics: boolean;
}

/** Key of the row [user seconds, system seconds, seconds in which the loop was active]. */
export const TIME_ROW = 'time';
/** Lists of an answer are cut here: heap spaces and types of handles are about a dozen each. */
const MOST_ENTRIES = 32;
/** Rows of `httpServer`, `httpClient` and `gc` that an answer can have at most. */
const MOST_ROWS = 128;

const RUNTIME_NUMBERS = [
  'startTimeSeconds',
  'rssBytes',
  'heapUsedBytes',
  'heapTotalBytes',
  'heapLimitBytes',
  'externalBytes',
  'requests',
  'lagSeconds',
] as const;

/** The distributions that an agent counts: their rows are [sum, count in each bucket]. */
export const DISTRIBUTIONS = {
  gc: { labels: [GC_KINDS], buckets: GC_BUCKETS },
  httpServer: { labels: [HTTP_METHODS, SERVER_CLASSES], buckets: HTTP_BUCKETS },
  httpClient: { labels: [HTTP_METHODS, CLIENT_CLASSES], buckets: HTTP_BUCKETS },
} as const;
export type DistributionName = keyof typeof DISTRIBUTIONS;

/**
 * Key of the row of a distribution.
 * @param name of the distribution
 * @param labels values of its labels
 */
export function rowKey(name: DistributionName, labels: readonly string[]): string {
  return `${name} ${labels.join(' ')}`;
}

const KNOWN_ROWS: Readonly<Record<DistributionName, ReadonlyMap<string, string>>> = {
  gc: knownRows('gc'),
  httpServer: knownRows('httpServer'),
  httpClient: knownRows('httpClient'),
};

/** Keys by the joined labels: those that are not here are nobody's. */
function knownRows(name: DistributionName): ReadonlyMap<string, string> {
  const [first, second] = DISTRIBUTIONS[name].labels as readonly (readonly string[])[];
  const lists = (first ?? []).flatMap((one) => (second === undefined ? [[one]] : second.map((two) => [one, two])));
  return new Map(lists.map((labels) => [labels.join(' '), rowKey(name, labels)]));
}

/**
 * Reads the answer to `telemetry`.
 * @param value as it came
 * @returns null where it makes no sense
 */
export function readFigures(value: unknown): AgentFigures | null {
  if (!isRecord(value) || !isCount(value['taken'])) return null;
  const counters = readCounters(value['counters']);
  if (counters === null) return null;
  const { taken, activeRequests, upgradedConnections, ownMetrics } = value;
  return {
    taken,
    counters,
    runtime: readRuntime(value['runtime']),
    activeRequests: isCount(activeRequests) ? activeRequests : 0,
    upgradedConnections: isCount(upgradedConnections) ? upgradedConnections : 0,
    ownMetrics: ownMetrics === true,
  };
}

/**
 * Reads what only grows.
 * @param value AgentCounters as they came
 * @returns rows, without those that make no sense; null where it is nothing of the kind
 */
export function readCounters(value: unknown): Rows | null {
  if (!isRecord(value)) return null;
  const rows = new Map<string, readonly number[]>();
  const times = [value['cpuUserSeconds'], value['cpuSystemSeconds'], value['loopActiveSeconds']];
  if (times.every(isCount)) rows.set(TIME_ROW, times);
  for (const name of ['gc', 'httpServer', 'httpClient'] as const) addDistribution(rows, name, value[name]);
  return rows;
}

function addDistribution(rows: Map<string, readonly number[]>, name: DistributionName, value: unknown): void {
  if (!Array.isArray(value)) return;
  const length = DISTRIBUTIONS[name].buckets.length + 1;
  for (let at = 0; at < value.length && at < MOST_ROWS; at++) {
    const entry: unknown = value[at];
    if (!Array.isArray(entry)) continue;
    const labels: unknown = entry[0];
    const key = Array.isArray(labels) ? KNOWN_ROWS[name].get(labels.join(' ')) : undefined;
    const row = key === undefined ? null : rowOf(entry[1], entry[2], length);
    if (key !== undefined && row !== null) rows.set(key, row);
  }
}

/** By hand: three hundred processes with a few rows each answer at once. */
function rowOf(sum: unknown, counts: unknown, length: number): readonly number[] | null {
  if (!isCount(sum) || !Array.isArray(counts) || counts.length !== length) return null;
  const row = [sum];
  for (let at = 0; at < length; at++) {
    const count: unknown = counts[at];
    if (!isCount(count)) return null;
    row.push(count);
  }
  return row;
}

function readRuntime(value: unknown): AgentRuntime | null {
  if (!isRecord(value) || typeof value['nodeVersion'] !== 'string') return null;
  for (const name of RUNTIME_NUMBERS) if (!isCount(value[name])) return null;
  const told = value as unknown as AgentRuntime; // its numbers were looked at one by one
  return {
    nodeVersion: told.nodeVersion,
    startTimeSeconds: told.startTimeSeconds,
    rssBytes: told.rssBytes,
    heapUsedBytes: told.heapUsedBytes,
    heapTotalBytes: told.heapTotalBytes,
    heapLimitBytes: told.heapLimitBytes,
    externalBytes: told.externalBytes,
    requests: told.requests,
    lagSeconds: told.lagSeconds,
    heapSpaces: Array.isArray(told.heapSpaces) ? told.heapSpaces.slice(0, MOST_ENTRIES).filter(isSpace) : [],
    handles: readHandles(told.handles),
    lag: isLag(told.lag) ? told.lag : null,
  };
}

function readHandles(value: unknown): Record<string, number> {
  const handles: Record<string, number> = {};
  if (!isRecord(value)) return handles;
  let left = MOST_ENTRIES;
  for (const type in value) {
    const count = value[type];
    if (left-- > 0 && isCount(count)) handles[type] = count;
  }
  return handles;
}

function isLag(value: unknown): value is NonNullable<AgentRuntime['lag']> {
  return isRecord(value) && Object.values(value).every(isCount);
}

function isSpace(value: unknown): value is AgentRuntime['heapSpaces'][number] {
  if (!Array.isArray(value) || value.length !== 4 || typeof value[0] !== 'string') return false;
  return isCount(value[1]) && isCount(value[2]) && isCount(value[3]);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A number that something can be counted with. */
export function isCount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY;
}
