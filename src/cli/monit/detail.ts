import { exitFacts } from '../render/exit-words.ts';
import type { Style } from '../render/style.ts';
import { plain } from '../render/text.ts';
import { dateTime, percent, size, span } from '../render/units.ts';
import { type MonitState, selectedOf } from './state.ts';

export interface MonitPair {
  readonly key: string;
  readonly value: string;
  readonly style: Style | null;
}

/**
 * What there is to know of the selected instance, the most telling first: a small screen shows only the first.
 * @param state what is shown
 * @param nowMs Unix ms
 */
export function detailPairs(state: MonitState, nowMs: number): readonly MonitPair[] {
  const view = selectedOf(state);
  if (view === null) return [];
  const detail = state.detail?.id === view.id ? state.detail : null;
  const pairs: MonitPair[] = [];
  const add = (key: string, value: string | null, style: Style | null = null) => {
    if (value !== null && value !== '') pairs.push({ key, value: plain(value), style });
  };
  const { backoff, lastExit, memoryLimitBytes, cron } = view;
  // Of the process before, there is nothing to tell any more.
  const runtime = detail !== null && detail.pid === view.pid ? detail.runtime : null;
  add('pid', view.pid === null ? null : String(view.pid));
  add('next start', backoff === null ? null : `in ${span(Math.max(0, backoff.untilMs - nowMs))}`, 'yellow');
  add('loop', runtime === null ? null : `${percent(runtime.eventLoopUtilizationRatio)} busy`);
  add('heap', runtime === null ? null : `${size(runtime.heapUsedBytes)} of ${size(runtime.heapLimitBytes)}`);
  add('last exit', lastExit === null ? null : `${exitFacts(lastExit)} ${dateTime(lastExit.atMs)}`);
  add('limit', memoryLimitBytes === null ? null : size(memoryLimitBytes));
  add('mode', view.execMode);
  add('namespace', view.namespace);
  add('version', view.version);
  add('user', view.user);
  add('cron', cron === null ? null : cron.pattern);
  add('handles', runtime === null ? null : `${runtime.activeHandles}, ${runtime.activeRequests} requests`);
  add('script', detail?.spec.process.script ?? null);
  add('log', detail?.logs.out ?? null);
  return pairs;
}
