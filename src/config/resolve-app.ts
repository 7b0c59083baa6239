import path from 'node:path';
import { TELEMETRY_GROUPS } from '../base/agent-telemetry.ts';
import type { AppSpec, ExecMode, ProcessSpec } from '../core/spec.ts';
import type { ResolveContext } from './context.ts';
import { layOver, readBlock, type ShellReader, type Variables } from './env.ts';
import { type Accounts, identityOf } from './identity.ts';
import { execModeOf, instanceCount } from './instances.ts';
import { interpreterFor, isNode, nvmNode, nvmVersion } from './interpreter.ts';
import { checkCompression, checkFrequency, logsSpec } from './log-paths.ts';
import { fullName, nameOfScript } from './names.ts';
import { policySpec } from './policy.ts';
import type { ReadApp } from './read-app.ts';
import { ATTRIBUTES, type Attributes, readAttribute } from './schema.ts';
import { findScript, isDirectory } from './script.ts';
import type { Data } from './shapes.ts';
import { staticServer } from './static-server.ts';
import { triggersSpec } from './triggers.ts';

const SHELLS = new Set(['bash', 'sh', 'dash', 'zsh', 'ksh', 'ash']);

export interface AppPlace {
  readonly context: ResolveContext;
  /** Full name, or null when it cannot be told. */
  readonly name: string | null;
  /** `env` of PM2's deploy block, below everything else. */
  readonly deployEnv: Data;
  readonly accounts: Accounts;
  /** What the app gets of the variables of the shell. */
  readonly shell: ShellReader;
  /** Version of the app whose program is in a folder. */
  readonly versionAt: (directory: string) => string;
}

/** What the script and its interpreter came to. */
interface Program {
  readonly script: string;
  readonly shellLine: boolean;
  readonly interpreter: string;
  readonly execMode: ExecMode;
  /** Where its package.json is looked for. */
  readonly directory: string;
}

/**
 * Tells the full name of an app.
 * @param app as read; told of a name that cannot be used
 * @param envName of `--env`, or null
 * @returns prefix, name and suffix, or null when there is neither name nor script
 */
export function resolveName(app: ReadApp, envName: string | null): string | null {
  const { name, script, name_prefix, append_env_to_name } = app.attributes;
  const own = name ?? (script === undefined ? undefined : nameOfScript(script));
  if (own === undefined) return null;
  const full = fullName({ name: own, prefix: name_prefix, envName: append_env_to_name === true ? envName : null });
  const read = readAttribute('name', full);
  if ('value' in read) return full;
  app.reporter.problem({ key: 'name', expected: read.expected, got: JSON.stringify(full.slice(0, 250)) });
  return null;
}

/**
 * Resolves one app: no default, relative path or unit is left.
 * @param app as read; told of every mistake
 * @param place the command and the machine
 * @returns the spec, or null when it cannot be made (then a problem was reported)
 */
export async function resolveApp(app: ReadApp, place: AppPlace): Promise<AppSpec | null> {
  const { attributes, reporter } = app;
  const { context, name } = place;
  const cwd = path.resolve(context.cwd, attributes.cwd ?? '.');
  const cwdIsThere = isDirectory(cwd);
  if (!cwdIsThere) app.complain('cwd', 'a directory', `Directory not found: ${cwd}`);
  const identity = identityOf(app, place.accounts);
  const { env, own, blocks } = resolveEnv(app, place, identity.variables);
  const policy = policySpec(attributes, context.env, reporter);
  const triggers = await triggersSpec(app, cwd);
  await checkFrequency(app);
  checkCompression(app);
  const program = cwdIsThere ? resolveProgram(app, { cwd, env, shell: context.env }) : null;
  if (program === null || name === null) return null;
  const { directory, ...programSpec } = program;
  const { execMode } = program;
  const defaultDateFormat = context.env['PM2_LOG_DATE_FORMAT'] || null;
  return {
    name,
    namespace: attributes.namespace ?? 'default',
    configFile: context.configFile,
    version: place.versionAt(directory),
    process: {
      ...programSpec,
      schedule: attributes.schedule ?? 'shared',
      agent: attributes.agent ?? true,
      telemetry: telemetryOf(attributes.telemetry),
      instances: instanceCount(attributes.instances, context.cpus),
      interpreterArgs: attributes.node_args ?? [],
      args: attributes.args ?? [],
      cwd,
      env,
      ...(own.length === 0 ? {} : { ownVariables: own }),
      ...variablesOf(app, context),
      uid: identity.uid,
      gid: identity.gid,
      pidFile: attributes.pid_file === undefined ? null : path.resolve(cwd, attributes.pid_file),
      sourceMaps: attributes.source_map_support !== false && attributes.disable_source_map_support !== true,
    },
    policy,
    limits: { maxMemoryBytes: attributes.max_memory_restart || null },
    triggers,
    logs: logsSpec(attributes, { name, cwd, logsDir: context.home.logsDir, execMode, defaultDateFormat }),
    envBlocks: blocks,
  };
}

function telemetryOf(given: Attributes['telemetry']): ProcessSpec['telemetry'] {
  if (given === false) return [];
  return given === undefined || given === true
    ? TELEMETRY_GROUPS
    : TELEMETRY_GROUPS.filter((group) => given.includes(group));
}

function variablesOf(
  { attributes }: ReadApp,
  { env }: ResolveContext,
): Pick<ProcessSpec, 'instanceVar' | 'incrementVar'> {
  const instanceVar = attributes.instance_var ?? (env['PM2_PROCESS_INSTANCE_VAR'] || 'NODE_APP_INSTANCE');
  return { instanceVar, incrementVar: attributes.increment_var ?? null };
}

interface ResolvedEnv {
  readonly env: Variables;
  /** Names in it that are not the shell's. */
  readonly own: readonly string[];
  readonly blocks: Readonly<Record<string, Variables>>;
}

/** Shell, deploy block, `env`, `port`, `env_NAME`: the later wins. */
function resolveEnv(app: ReadApp, { context, deployEnv, shell: shellFor }: AppPlace, ofUser: Variables): ResolvedEnv {
  const { attributes, envBlocks, reporter } = app;
  const { envName } = context;
  const shell = shellFor(attributes.filter_env);
  const own = readBlock(attributes.env ?? {}, 'env', reporter);
  const read = [...envBlocks].map(([name, block]) => [name, readBlock(block, `env_${name}`, reporter)] as const);
  const chosen = read.find(([name]) => name === envName)?.[1] ?? {};
  if (envName !== null && !envBlocks.has(envName))
    reporter.warn({ key: `env_${envName}`, text: `--env ${envName}: there is no env_${envName}` });
  const layers = [
    ofUser,
    readBlock(deployEnv, 'deploy.env', reporter),
    own,
    attributes.port === undefined ? {} : { PORT: String(attributes.port) },
    chosen,
  ];
  const blocks = Object.fromEntries(read.map(([name, block]) => [name, layOver({}, [block])]));
  const env = layOver(shell, layers);
  checkCounter(app, env);
  const names = new Set(layers.flatMap((layer) => Object.keys(layer)));
  return { env, own: [...names].filter((name) => Object.hasOwn(env, name)), blocks };
}

/** What counts up begins with a number. */
function checkCounter({ attributes, complain }: ReadApp, env: Variables): void {
  const { increment_var: name } = attributes;
  const start = name === undefined ? undefined : env[name];
  if (start === undefined || /^\s*-?\d+\s*$/.test(start)) return;
  complain('increment_var', 'a variable that is a whole number', `env.${name} is none`);
}

interface ProgramPlace {
  readonly cwd: string;
  readonly env: Variables;
  readonly shell: NodeJS.ProcessEnv;
}

function resolveProgram(app: ReadApp, { cwd, env, shell }: ProgramPlace): Program | null {
  const { attributes, complain } = app;
  const { script, interpreter: asked } = attributes;
  if (script === undefined) return null;
  const server = staticServer(script);
  if (server !== null) return serverProgram(app, server.file);
  const searchPath = env['PATH'] ?? shell['PATH'] ?? '';
  const found = findScript({ script, cwd, searchPath });
  if (found.type === 'shell_line' && (asked === undefined || asked === 'none' || SHELLS.has(path.basename(asked)))) {
    const interpreter = asked === undefined || asked === 'none' ? 'bash' : asked;
    return { script, shellLine: true, interpreter, execMode: modeOf(app, interpreter), directory: cwd };
  }
  if (found.type !== 'file') {
    const missing = found.type === 'shell_line' ? path.resolve(cwd, script) : found.path;
    const note = found.type === 'no_file' ? `Not a file: ${missing}` : `Script not found: ${missing}`;
    complain('script', 'a file or a program in PATH', note);
    return null;
  }
  const interpreter =
    asked === undefined ? interpreterFor(found.path, searchPath) : askedInterpreter(asked, app, cwd, shell);
  if (interpreter === null) return null;
  const directory = path.dirname(found.path);
  return { script: found.path, shellLine: false, interpreter, execMode: modeOf(app, interpreter), directory };
}

/** `script: 'serve'`: an ordinary app that runs our server of static files. */
function serverProgram(app: ReadApp, file: string | null): Program | null {
  if (file === null) {
    app.complain(
      'script',
      'a script, as this build has no server of static files',
      'use another server, for example nginx',
    );
    return null;
  }
  return {
    script: file,
    shellLine: false,
    interpreter: 'node',
    execMode: modeOf(app, 'node'),
    directory: path.dirname(file),
  };
}

/** A name stays a name: whether PATH has it is seen when it is run. */
function askedInterpreter(asked: string, app: ReadApp, cwd: string, shell: NodeJS.ProcessEnv): string | null {
  const version = nvmVersion(asked);
  if (version === null) return asked.includes('/') ? path.resolve(cwd, asked) : asked;
  const node = nvmNode(version, shell);
  if (node === null)
    app.complain('interpreter', `${ATTRIBUTES.interpreter.expected}, or a version that nvm has installed`);
  return node;
}

function modeOf(app: ReadApp, interpreter: string): ExecMode {
  const mode = execModeOf(app.attributes, interpreter);
  if (mode === 'cluster' && !isNode(interpreter)) {
    app.complain('exec_mode', `"fork" for a program that is not Node (interpreter ${JSON.stringify(interpreter)})`);
  }
  return mode;
}
