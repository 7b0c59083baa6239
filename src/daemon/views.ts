import type { DescribeView, EnvView, InstanceView, WhyView } from '../api/contract.ts';
import type { SpecView } from '../api/daemon-views.ts';
import type { LokiAppView } from '../api/loki-views.ts';
import { pm2StatusOf } from '../core/pm2status.ts';
import type { AppSpec } from '../core/spec.ts';
import { listSegments } from '../logs/segments.ts';
import type { Agents } from './agents.ts';
import type { Hosts } from './hosts.ts';
import { appKey, type Instance } from './instance.ts';
import { ownUser } from './instance-env.ts';
import type { Triggers } from './triggers.ts';

export interface ViewContext {
  readonly triggers: Triggers;
  readonly hosts: Hosts;
  readonly agents: Agents;
}

const user = ownUser();
/** How long a process may take to answer for itself; a busy one answers late, a stopped one never. */
const VITALS_BUDGET_MS = 250;

/** What `list` and the page show of an instance. */
export function instanceView(instance: Instance, { triggers, hosts }: ViewContext): InstanceView {
  const { spec, state, vitals, process } = instance;
  const { phase } = state;
  const live = process !== null && !process.exited ? process : null;
  const { cron, watch } = spec.triggers;
  return {
    id: instance.id,
    app: spec.name,
    namespace: spec.namespace,
    slot: instance.slot,
    version: spec.version,
    execMode: spec.process.execMode,
    status: phase.status,
    pm2Status: pm2StatusOf(phase.status),
    pid: live?.pid ?? null,
    generation: state.generation,
    startedAtMs: live?.startedAtMs ?? null,
    restarts: state.restartsShown,
    unstableRestarts: state.unstableRestarts,
    streak: state.streak,
    backoff: phase.status === 'backoff' ? { delayMs: phase.delayMs, untilMs: instance.backoffUntilMs ?? 0 } : null,
    cpuRatio: live === null ? null : (vitals?.cpuRatio ?? null),
    rssBytes: live === null ? null : (vitals?.rssBytes ?? null),
    memoryLimitBytes: spec.limits.maxMemoryBytes,
    lastExit: instance.lastExit,
    hostVersion: spec.process.execMode === 'cluster' ? hosts.versionOf(appKey(spec)) : null,
    user: spec.process.uid === null ? user : String(spec.process.uid),
    watching: watch !== null,
    cron: cron === null ? null : { pattern: cron.pattern, nextAtMs: triggers.nextCronMs(appKey(spec)) },
  };
}

/** Looks at the process itself too, where it has an agent. */
export async function describeView(
  instance: Instance,
  context: ViewContext,
  loki: readonly LokiAppView[],
): Promise<DescribeView> {
  const { hosts, agents } = context;
  const { process, spec } = instance;
  const live = process !== null && !process.exited ? process : null;
  return {
    ...instanceView(instance, context),
    hostPid: spec.process.execMode === 'cluster' ? hosts.pidOf(appKey(spec)) : null,
    agentConnected: live !== null && agents.connected(live),
    runtime: live === null ? null : await agents.vitals(live, VITALS_BUDGET_MS),
    spec: withoutValues(instance.spec),
    logs: instance.logs.files(),
    pidFile: instance.pidFile,
    createdAtMs: instance.createdAtMs,
    counters: instance.state.counters,
    logFiles: { out: filesOf(instance.logs.files().out), error: filesOf(instance.logs.files().error) },
    logAccount: instance.logs.account(),
    loki: loki.find(({ app, namespace }) => app === spec.name && namespace === spec.namespace) ?? null,
  };
}

function filesOf(live: string | null): DescribeView['logFiles']['out'] {
  if (live === null) return null;
  const segments = listSegments(live);
  return { files: segments.length, bytes: segments.reduce((bytes, segment) => bytes + segment.bytes, 0) };
}

export function whyView(instance: Instance, context: ViewContext): WhyView {
  return { ...instanceView(instance, context), transitions: instance.history, lastDeath: instance.lastDeath };
}

export function specView({ id, slot, spec }: Instance): SpecView {
  return { id, slot, spec };
}

export function envView({ id, spec, slot }: Instance): EnvView {
  return { id, app: spec.name, env: { ...spec.process.env, [spec.process.instanceVar]: String(slot) } };
}

function withoutValues(spec: AppSpec): DescribeView['spec'] {
  const { envBlocks: _blocks, process, ...rest } = spec;
  const { env: _env, ...safe } = process;
  return { ...rest, process: safe };
}
