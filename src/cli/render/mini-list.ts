import type { DescribeView } from '../../api/contract.ts';
import { plain } from './text.ts';
import { age, size } from './units.ts';

export interface MiniListOptions {
  /** In the order in which they are shown. */
  readonly views: readonly DescribeView[];
  readonly nowMs: number;
}

/**
 * `list -m`: a block of `key : value` lines for each instance, which PM2 users take apart in scripts.
 * @param options instances and time
 * @returns text that ends with an empty line after each block
 */
export function renderMiniList({ views, nowMs }: MiniListOptions): string {
  return views.map((view) => `${block(view, nowMs).join('\n')}\n\n`).join('');
}

function block(view: DescribeView, nowMs: number): string[] {
  const { startedAtMs, pid } = view;
  return [
    `+--- ${plain(view.app)}`,
    `namespace : ${plain(view.namespace)}`,
    `version : ${plain(view.version)}`,
    `pid : ${pid ?? 0}`,
    `pm2 id : ${view.id}`,
    `status : ${view.pm2Status}`,
    `mode : ${view.execMode}`,
    `restarted : ${view.restarts}`,
    `uptime : ${startedAtMs === null || pid === null ? 0 : age(nowMs - startedAtMs)}`,
    `memory usage : ${size(view.rssBytes ?? 0)}`,
    `error log : ${plain(view.logs.error ?? '')}`,
    `watching : ${view.watching ? 'yes' : 'no'}`,
    `PID file : ${plain(view.pidFile)}`,
  ];
}
