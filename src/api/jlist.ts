import { pm2StatusOf } from '../core/pm2status.ts';
import type { AppSpec } from '../core/spec.ts';
import type { InstanceState, Phase } from '../core/states.ts';
import type { LogPaths } from './contract.ts';
import { attributesOf, exitCodeOf, PM2_KEYS, uniqueIdOf, watchedOf } from './jlist-attributes.ts';

/** What `jlist` has to know of one instance. */
export interface JlistSource {
  readonly id: number;
  readonly slot: number;
  readonly spec: AppSpec;
  readonly state: InstanceState;
  /** Unix ms of creation, or of the latest manual restart or reset. */
  readonly createdAtMs: number;
  /** Unix ms of the latest spawn, null before the first. */
  readonly lastStartedAtMs: number | null;
  /** Of the process tree, 1 = one core; null when nobody looked yet. */
  readonly cpuRatio: number | null;
  /** Of the process tree; null when nobody looked yet. */
  readonly rssBytes: number | null;
  readonly watching: boolean;
  /** Who the process runs as. */
  readonly username: string;
  /** Version of the Node that runs the app, without the v; null for another program or when unknown. */
  readonly nodeVersion: string | null;
  readonly logs: LogPaths;
  readonly pidFile: string;
}

export interface JlistOptions {
  /** True shows environment values, nested and flattened: for the owner's eyes, or where the settings say so. */
  readonly exposeEnv: boolean;
}

type Json = Readonly<Record<string, unknown>>;

/** What only depends on the spec, kept as long as the spec itself; the environment's text would be too much to keep. */
interface Constant {
  /** Fields as JSON without the braces. */
  readonly attributesText: string;
  /** Variables that are not shown between the attributes, as they have the name of one. */
  readonly hidden: ReadonlySet<string>;
}

const constants = new WeakMap<AppSpec, Constant>();

/**
 * Renders the list of `pm2 jlist`: same keys, nesting and types, so that its readers need no change.
 * Other than PM2 on purpose: no APM (axm_* are empty); exit_code is 128 + signal number after a signal (PM2: 0) and
 * absent when unknown; pid is 0 while waiting for a restart (PM2: that of the dead one); a variable of the
 * environment never hides an attribute of its name; variables are strings; memory and cpu are the process tree's.
 * @param instances in the order of the result (PM2: by id)
 * @param options whether environment values are shown
 * @returns compact JSON of the array, without a newline at the end, as PM2 prints it
 */
export function jlistText(instances: readonly JlistSource[], options: JlistOptions): string {
  return `[${instances.map((instance) => entryText(instance, options.exposeEnv)).join(',')}]`;
}

/**
 * The list of `pm2 jlist` as data.
 * @param instances in the order of the result
 * @param options whether environment values are shown
 * @returns what `jlistText` says
 */
export function toJlist(instances: readonly JlistSource[], options: JlistOptions): unknown[] {
  const list: unknown = JSON.parse(jlistText(instances, options));
  return Array.isArray(list) ? list : [];
}

/** Text is put together from parts: objects with a hundred keys are ten times as dear. */
function entryText(source: JlistSource, exposeEnv: boolean): string {
  const { spec } = source;
  const constant = constantOf(spec);
  const counted = exposeEnv ? incrementOf(source) : {};
  const env = exposeEnv ? envText(spec, counted) : '{}';
  const fields = [
    exposeEnv ? variablesText(spec, constant.hidden, env) : '',
    fieldsText(counted),
    fieldsText(blocksOf(spec, exposeEnv)),
    constant.attributesText,
    fieldsText(instanceOf(source)),
    `"env":${env}`,
  ];
  const head = `{"pid":${pidOf(source.state.phase)},"name":${JSON.stringify(spec.name)}`;
  const monit = JSON.stringify(monitOf(source));
  return `${head},"pm2_env":{${fields.filter((text) => text !== '').join(',')}},"pm_id":${source.id},"monit":${monit}}`;
}

function fieldsText(fields: Json): string {
  return JSON.stringify(fields).slice(1, -1);
}

/** The environment of the process: with the number that is its own. */
function envText({ process: { env } }: AppSpec, counted: Json): string {
  return JSON.stringify(Object.keys(counted).length === 0 ? env : { ...env, ...counted });
}

/** The environment once more, between the attributes. */
function variablesText({ process: { env } }: AppSpec, hidden: ReadonlySet<string>, envText: string): string {
  if (hidden.size === 0) return envText.slice(1, -1);
  return fieldsText(Object.fromEntries(Object.entries(env).filter(([name]) => !hidden.has(name))));
}

function constantOf(spec: AppSpec): Constant {
  const known = constants.get(spec);
  if (known !== undefined) return known;
  const { env, instanceVar, incrementVar } = spec.process;
  const isHidden = (name: string) =>
    PM2_KEYS.has(name) || name === instanceVar || name === incrementVar || name.startsWith('env_');
  const constant = {
    attributesText: fieldsText(attributesOf(spec)),
    hidden: new Set(Object.keys(env).filter(isHidden)),
  };
  constants.set(spec, constant);
  return constant;
}

/** The blocks `env_NAME` of the ecosystem file; without their values they are empty. */
function blocksOf(spec: AppSpec, exposeEnv: boolean): Json {
  const blocks = Object.entries(spec.envBlocks);
  return Object.fromEntries(blocks.map(([name, block]) => [`env_${name}`, exposeEnv ? block : {}]));
}

/** The variable that counts up per instance, as the process gets it. */
function incrementOf({ spec, slot }: JlistSource): Json {
  const { incrementVar, env } = spec.process;
  return incrementVar === null ? {} : { [incrementVar]: Number(env[incrementVar] ?? '0') + slot };
}

function instanceOf(source: JlistSource): Json {
  const { spec, slot, state, logs } = source;
  const { status } = state.phase;
  const exitCode = state.lastExit === null ? null : exitCodeOf(state.lastExit);
  return {
    watch: source.watching && spec.triggers.watch !== null ? watchedOf(spec.triggers.watch, spec.process.cwd) : false,
    username: source.username,
    unique_id: uniqueIdOf(source),
    pm_out_log_path: logs.out ?? '/dev/null',
    pm_err_log_path: logs.error ?? '/dev/null',
    ...(logs.combined === null ? {} : { pm_log_path: logs.combined }),
    pm_pid_path: source.pidFile,
    [spec.process.instanceVar]: slot,
    status: pm2StatusOf(status),
    pm_uptime: source.lastStartedAtMs ?? source.createdAtMs,
    created_at: status === 'fatal' ? null : source.createdAtMs,
    pm_id: source.id,
    restart_time: state.restartsShown,
    unstable_restarts: state.unstableRestarts,
    ...(source.nodeVersion === null ? {} : { node_version: source.nodeVersion }),
    ...(exitCode === null ? {} : { exit_code: exitCode }),
    ...(state.lastDelayMs === 0 ? {} : { prev_restart_delay: state.lastDelayMs }),
  };
}

function pidOf(phase: Phase): number {
  switch (phase.status) {
    case 'starting':
    case 'running':
      return phase.pid ?? 0;
    case 'stopping':
      return phase.rootGone ? 0 : (phase.pid ?? 0);
    case 'stopped':
    case 'backoff':
    case 'exited':
    case 'fatal':
      return 0;
    default:
      return phase satisfies never;
  }
}

function monitOf({ state, rssBytes, cpuRatio }: JlistSource): { readonly memory: number; readonly cpu: number } {
  if (state.phase.status !== 'running') return { memory: 0, cpu: 0 };
  return { memory: rssBytes ?? 0, cpu: Math.round((cpuRatio ?? 0) * 1000) / 10 };
}
