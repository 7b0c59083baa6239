import type { DescribeView } from '../../api/contract.ts';
import type { LogAccountView } from '../../api/log-views.ts';
import type { LokiAppView } from '../../api/loki-views.ts';
import { exitFacts } from './exit-words.ts';
import { statusCell } from './list.ts';
import { countsOf, lagOf } from './loki.ts';
import { drawPairs, type Pair } from './pairs.ts';
import type { Paint } from './style.ts';
import { cut, plain } from './text.ts';
import { age, dateTime, percent, size, span } from './units.ts';

export interface DescribeOptions {
  readonly view: DescribeView;
  readonly nowMs: number;
  readonly width: number;
  readonly paint: Paint;
}

/**
 * Everything about one instance, in boxes.
 * @param options view, time, width and painter
 * @returns text that ends with a newline, no line wider than the width
 */
export function renderDescribe({ view, nowMs, width, paint }: DescribeOptions): string {
  const lines = [paint('bold', cut(`${plain(view.app)} (id ${view.id})`, width))];
  const sections: readonly (readonly [string, readonly Pair[]])[] = [
    ['', statusPairs(view, nowMs)],
    ['Process', processPairs(view)],
    ['Policy', policyPairs(view)],
    ['Logs', logPairs(view)],
    ...(view.loki === null ? [] : [['Loki, whole app', lokiPairs(view.loki)] as const]),
    ['Counters', counterPairs(view)],
  ];
  for (const [title, pairs] of sections) {
    if (title !== '') lines.push(paint('bold', title));
    const shown = pairs.map(({ value, ...rest }) => ({ ...rest, value: value === '' ? '-' : plain(value) }));
    lines.push(...drawPairs({ pairs: shown, width, paint }));
  }
  return `${lines.join('\n')}\n`;
}

function statusPairs(view: DescribeView, nowMs: number): Pair[] {
  const { lastExit, backoff, startedAtMs, pid, rssBytes, memoryLimitBytes, cpuRatio } = view;
  const status = statusCell(view);
  const limit = memoryLimitBytes === null ? '' : ` of ${size(memoryLimitBytes)}`;
  const pairs: Pair[] = [
    { key: 'status', value: status.text, style: status.style ?? null },
    { key: 'name', value: view.app },
    { key: 'namespace', value: view.namespace },
    { key: 'version', value: view.version },
    { key: 'instance', value: String(view.slot) },
    { key: 'pid', value: pid === null ? '-' : String(pid) },
    { key: 'uptime', value: startedAtMs === null || pid === null ? '-' : age(nowMs - startedAtMs) },
    { key: 'cpu', value: cpuRatio === null ? '-' : percent(cpuRatio) },
    { key: 'memory', value: rssBytes === null ? '-' : `${size(rssBytes)}${limit}` },
    { key: 'restarts', value: `${view.restarts} (unstable ${view.unstableRestarts}, in a row ${view.streak})` },
  ];
  if (lastExit !== null) {
    const value = `${exitFacts(lastExit)} after ${span(lastExit.uptimeMs)}, ${dateTime(lastExit.atMs)}`;
    pairs.push({ key: 'last exit', value });
    if (lastExit.message !== null) pairs.push({ key: 'exit message', value: lastExit.message });
  }
  if (backoff !== null) {
    pairs.push({ key: 'next start', value: `in ${span(Math.max(0, backoff.untilMs - nowMs))}`, style: 'yellow' });
  }
  pairs.push({ key: 'created at', value: dateTime(view.createdAtMs) });
  return pairs;
}

function processPairs(view: DescribeView): Pair[] {
  const { spec, user, execMode, pidFile, hostPid } = view;
  const { process } = spec;
  const pairs: Pair[] = [
    { key: process.shellLine ? 'shell line' : 'script path', value: process.script },
    { key: 'script args', value: process.args.map(quoted).join(' ') },
    { key: 'interpreter', value: process.interpreter },
    { key: 'interpreter args', value: process.interpreterArgs.map(quoted).join(' ') },
    { key: 'exec cwd', value: process.cwd },
    { key: 'exec mode', value: execMode },
    { key: 'instances', value: String(process.instances) },
    { key: 'user', value: user },
    { key: 'pid path', value: pidFile },
    { key: 'config file', value: spec.configFile ?? '' },
  ];
  if (execMode === 'cluster') {
    const how = process.schedule === 'shared' ? 'each accepts for itself' : 'handed out in turn';
    pairs.push({
      key: 'cluster host',
      value: hostPid === null ? '-' : `pid ${hostPid}, promvisor ${view.hostVersion ?? 'unknown'}, connections ${how}`,
    });
  }
  return [...pairs, ...runtimePairs(view)];
}

/** What only the process itself can tell, where it has an agent. */
function runtimePairs({ agentConnected, runtime }: DescribeView): Pair[] {
  if (runtime === null) return agentConnected ? [{ key: 'runtime', value: 'no answer', style: 'yellow' }] : [];
  const { heapUsedBytes, heapLimitBytes, eventLoopUtilizationRatio, activeHandles, activeRequests } = runtime;
  return [
    { key: 'heap', value: `${size(heapUsedBytes)} of ${size(heapLimitBytes)}` },
    { key: 'event loop', value: `${percent(eventLoopUtilizationRatio)} busy since the last look` },
    { key: 'active', value: `${activeHandles} handles, ${activeRequests} requests` },
  ];
}

function policyPairs({ spec, cron, watching }: DescribeView): Pair[] {
  const { policy, limits } = spec;
  const pairs: Pair[] = [
    { key: 'autorestart', value: yesNo(policy.autorestart) },
    { key: 'max restarts', value: `${policy.maxRestarts} within ${span(policy.minUptimeMs)} of uptime each` },
    { key: 'kill timeout', value: `${span(policy.killTimeoutMs)} after ${policy.killSignal}` },
    { key: 'watch', value: yesNo(watching) },
  ];
  if (policy.restartDelayMs > 0) pairs.push({ key: 'restart delay', value: span(policy.restartDelayMs) });
  if (policy.expBackoffRestartDelayMs > 0) {
    pairs.push({ key: 'back-off from', value: span(policy.expBackoffRestartDelayMs) });
  }
  if (policy.stopExitCodes.length > 0) pairs.push({ key: 'stop exit codes', value: policy.stopExitCodes.join(', ') });
  if (policy.waitReady) pairs.push({ key: 'ready within', value: span(policy.listenTimeoutMs) });
  if (limits.maxMemoryBytes !== null) pairs.push({ key: 'memory limit', value: size(limits.maxMemoryBytes) });
  if (cron !== null) {
    const next = cron.nextAtMs === null ? 'never again' : `next ${dateTime(cron.nextAtMs)}`;
    pairs.push({ key: 'cron restart', value: `${cron.pattern} (${next})` });
  }
  return pairs;
}

function logPairs({ logs, logAccount, logFiles }: DescribeView): Pair[] {
  const pairs: Pair[] = [
    { key: 'out log path', value: logs.out ?? '' },
    { key: 'error log path', value: logs.error ?? '' },
  ];
  if (logs.combined !== null) pairs.push({ key: 'combined log path', value: logs.combined });
  for (const stream of ['out', 'error'] as const) {
    const filesOfStream = [logs[stream], logs.combined].filter((file) => file !== null).length;
    pairs.push({
      key: `${stream} lines`,
      value: accountWords(logAccount[stream], filesOfStream),
      style: logAccount[stream].dropped > 0 ? 'red' : null,
    });
    const found = logFiles[stream];
    // A stream with one file says all with its path.
    if (found !== null && found.files > 1) {
      pairs.push({ key: `${stream} files`, value: `${found.files} (${size(found.bytes)})` });
    }
  }
  return pairs;
}

/** The account of a stream: what came in is what was written and what was dropped. */
function accountWords({ lines, bytes, dropped, droppedBy, cut }: LogAccountView, files: number): string {
  const parts = [`${lines} (${size(bytes)})`];
  if (files === 0) parts.push(', no file');
  else if (files === 1) parts.push(` = ${lines - dropped} written + ${dropped} dropped`);
  else parts.push(`, ${dropped} dropped over ${files} files`);
  const reasons = countsOf(droppedBy);
  if (reasons !== 'none') parts.push(` (${reasons})`);
  if (cut > 0) parts.push(`, ${cut} cut`);
  return parts.join('');
}

function lokiPairs({ lagSeconds, pendingBytes, sentEntries, sentBytes, dropped }: LokiAppView): Pair[] {
  const lost = countsOf(dropped);
  return [
    { key: 'lag', value: lagOf(lagSeconds) },
    { key: 'pending', value: size(pendingBytes) },
    { key: 'sent', value: `${sentEntries} lines, ${size(sentBytes)}` },
    { key: 'dropped', value: lost, style: lost === 'none' ? null : 'yellow' },
  ];
}

function counterPairs({ counters }: DescribeView): Pair[] {
  return [
    { key: 'starts', value: String(counters.starts) },
    { key: 'exits', value: byReason(counters.exits) },
    { key: 'restarts', value: byReason(counters.restarts) },
  ];
}

function byReason(counts: Readonly<Record<string, number>>): string {
  const seen = Object.entries(counts).filter(([, count]) => count > 0);
  return seen.length === 0 ? '0' : seen.map(([reason, count]) => `${reason} ${count}`).join(', ');
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'no';
}

function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : JSON.stringify(argument);
}
