import { availableParallelism } from 'node:os';
import { messageOf } from '../../base/errors.ts';
import { appOfPm2, isUsed } from '../../config/pm2-attributes.ts';
import type { AppSpec } from '../../core/spec.ts';
import type { CliContext } from '../context.ts';
import type { Pm2Process } from './process.ts';

export interface PlannedInstance {
  /** PM2's, null where its daemon does not run. */
  readonly pmId: number | null;
  readonly id: number;
  readonly slot: number;
  /** True where it is to be up. */
  readonly wanted: boolean;
}

/** What becomes of an app of PM2. */
export interface PlannedApp {
  readonly name: string;
  readonly namespace: string;
  /** Null where it cannot be moved: `notes` say why. */
  readonly spec: AppSpec | null;
  readonly instances: readonly PlannedInstance[];
  /** For people: what is not supported, what differs, why it stays. */
  readonly notes: readonly string[];
}

/** Said where an app uses it. */
const NOT_SUPPORTED = ['post_update', 'deep_monitoring', 'trace', 'v8', 'event_loop_inspector', 'io', 'install_url'];
const UP = new Set(['online', 'launching', 'waiting restart', 'one-launch-status']);

export interface PlanSources {
  readonly processes: readonly Pm2Process[];
  /** Apps of an ecosystem file, which say better what they are than PM2's list does. */
  readonly described: readonly AppSpec[];
}

/**
 * Plans the move of every app of PM2.
 * @param context of the command
 * @param sources PM2's list, and the apps of an ecosystem file
 */
export async function planMove(context: CliContext, { processes, described }: PlanSources): Promise<PlannedApp[]> {
  const apps = grouped(processes);
  const plan: PlannedApp[] = [];
  for (const all of apps.values()) plan.push(await planApp(context, all, described));
  return plan;
}

function grouped(processes: readonly Pm2Process[]): Map<string, Pm2Process[]> {
  const apps = new Map<string, Pm2Process[]>();
  for (const process of processes) {
    const key = `${process.namespace}/${process.name}`;
    apps.set(key, [...(apps.get(key) ?? []), process]);
  }
  return apps;
}

async function planApp(
  context: CliContext,
  processes: readonly Pm2Process[],
  described: readonly AppSpec[],
): Promise<PlannedApp> {
  const [first] = processes;
  if (first === undefined) throw new TypeError('an app of PM2 without processes');
  const { name, namespace, attributes } = first;
  const instances = processes.map(({ pmId, at, slot, status }) => {
    return { pmId, id: pmId ?? at, slot, wanted: UP.has(status) };
  });
  const about = { name, namespace, instances };
  if (first.isPm2s)
    return { ...about, spec: null, notes: ["it is part of PM2 itself (a module, or PM2's static server)"] };
  const notes = NOT_SUPPORTED.filter((key) => isUsed(attributes[key])).map((key) => `${key} is not supported`);
  const errored = processes.filter(({ status }) => status === 'errored').length;
  if (errored > 0) notes.push(`${errored} of ${processes.length} had given up under PM2: added without a start`);
  const known = described.find((spec) => spec.name === name && spec.namespace === namespace);
  if (known !== undefined) {
    const spec = { ...known, process: { ...known.process, instances: processes.length } };
    return { ...about, spec, notes: [...notes, 'as the ecosystem file has it'] };
  }
  try {
    const { spec, warnings } = await specOf(context, processes, first);
    return { ...about, spec, notes: [...notes, ...warnings] };
  } catch (error) {
    return { ...about, spec: null, notes: [...notes, messageOf(error)] };
  }
}

async function specOf(
  context: CliContext,
  processes: readonly Pm2Process[],
  { name, namespace, attributes, env }: Pm2Process,
): Promise<{ readonly spec: AppSpec; readonly warnings: readonly string[] }> {
  const merge = processes.every((one) => one.attributes['pm_out_log_path'] === attributes['pm_out_log_path']);
  const isMerged = processes.length > 1 ? merge : attributes['merge_logs'] === true;
  const log = (key: string) => basePath(processes, key, isMerged);
  const app = {
    ...appOfPm2(attributes),
    name,
    namespace,
    instances: processes.length,
    merge_logs: isMerged,
    out_file: log('pm_out_log_path'),
    error_file: log('pm_err_log_path'),
    ...(attributes['pm_log_path'] === undefined ? {} : { log_file: log('pm_log_path') }),
  };
  const { resolveApps } = await import('../../config/resolve.ts');
  const { apps, warnings } = await resolveApps(
    { apps: [app] },
    {
      source: "PM2's list",
      configFile: null,
      cwd: context.cwd,
      env,
      envName: null,
      only: null,
      cpus: availableParallelism(),
      home: context.home,
      overrides: {},
    },
  );
  const [spec] = apps;
  if (spec === undefined) throw new TypeError(`${name}: nothing came of it`);
  return { spec, warnings };
}

/** PM2 puts the id before `.log`; here it is put in again. */
function basePath(processes: readonly Pm2Process[], key: string, isMerged: boolean): unknown {
  const [first] = processes;
  const file = first?.attributes[key];
  if (isMerged || typeof file !== 'string') return file;
  const ids = processes.map((one) => /-(\d+)\.log$/.exec(String(one.attributes[key]))?.[1]);
  return ids.every((id) => id !== undefined) ? file.replace(/-\d+\.log$/, '.log') : file;
}
