import { constants } from 'node:os';
import path from 'node:path';
import * as z from 'zod/mini';
import { TELEMETRY_GROUPS } from '../base/agent-telemetry.ts';
import { PromvisorError } from '../base/errors.ts';
import { hasZstd, ZSTD_NEEDS } from '../base/zstd.ts';
import type { AppSpec } from '../core/spec.ts';
import { kindOf, show } from './show.ts';

/** Bounds of one request: the ecosystem file has the same or tighter ones. */
const MOST_APPS = 1000;
const MOST_INSTANCES = 1000;
const MOST_TARGETS = 10_000;
const MOST_WORDS = 1000;
const MOST_OWN_VARIABLES = 10_000;
const LONGEST_TEXT = 32_768;
const LONGEST_NAME = 1000;
const LONGEST_MS = 2 ** 31 - 1;
const LARGEST_ID = 2 ** 32 - 2;
/** Mistakes that one answer tells. */
const MOST_PROBLEMS = 20;

// The message of each schema is what was expected in its place; `refuse` makes the sentence.

function text(expected: string, most = LONGEST_TEXT) {
  const whole = `${expected} of 1 to ${most} characters, without zero bytes`;
  return z.string(whole).check(z.minLength(1, whole), z.maxLength(most, whole), z.regex(/^[^\0]*$/, whole));
}

function whole(least: number, most: number) {
  const expected = `a whole number from ${least} to ${most}`;
  return z.int(expected).check(z.gte(least, expected), z.lte(most, expected));
}

function listOf<T extends z.core.SomeType>(item: T, least: number, most: number) {
  const expected = `a list of ${least} to ${most}`;
  return z.array(item, expected).check(z.minLength(least, expected), z.maxLength(most, expected));
}

const OBJECT = 'an object';
const flag = z.boolean('true or false');
const telemetryGroup = z.enum(TELEMETRY_GROUPS, '"runtime", "http_server", "http_client" or "app"');
const ms = whole(0, LONGEST_MS);
const id = z.nullable(whole(0, LARGEST_ID));
export const line = z
  .string('text')
  .check(z.maxLength(LONGEST_TEXT, 'shorter text'), z.regex(/^[^\0]*$/, 'text without zero bytes'));
const lines = listOf(line, 0, MOST_WORDS);
// biome-ignore lint/suspicious/noControlCharactersInRegex: names stand in tables, logs and labels
const name = text('a name', LONGEST_NAME).check(z.regex(/^[^\u0000-\u001f\u007f]+$/, 'a name on one line'));
const file = text('a path').check(z.refine((value) => path.isAbsolute(value), 'an absolute path'));
const fileOrNull = z.nullable(file);
const variableName = z.string('a name').check(z.regex(/^[^=\0]+$/, 'a name without "=" and zero bytes'));
const variables = z.record(
  variableName,
  z.string('text').check(z.regex(/^[^\0]*$/, 'text without zero bytes')),
  OBJECT,
);
const signalName = z
  .string('a signal')
  .check(z.refine((value) => Object.hasOwn(constants.signals, value), 'a signal such as "SIGINT"'));

const processSpec = z
  .strictObject(
    {
      execMode: z.enum(['fork', 'cluster'], '"fork" or "cluster"'),
      schedule: z.enum(['shared', 'round_robin'], '"shared" or "round_robin"'),
      agent: flag,
      telemetry: listOf(telemetryGroup, 0, TELEMETRY_GROUPS.length),
      instances: whole(1, MOST_INSTANCES),
      script: text('a path or a shell line'),
      shellLine: flag,
      interpreter: text('a program or "none"'),
      interpreterArgs: lines,
      args: lines,
      cwd: file,
      env: variables,
      ownVariables: z.optional(listOf(variableName, 0, MOST_OWN_VARIABLES)),
      instanceVar: variableName,
      incrementVar: z.nullable(variableName),
      uid: id,
      gid: id,
      pidFile: fileOrNull,
      sourceMaps: flag,
    },
    OBJECT,
  )
  .check(
    z.refine(({ script, shellLine }) => shellLine || path.isAbsolute(script), {
      error: 'an absolute path, unless shellLine is true',
      path: ['script'],
    }),
  );

const policySpec = z.strictObject(
  {
    autostart: flag,
    autorestart: flag,
    maxRestarts: whole(0, LONGEST_MS),
    minUptimeMs: ms,
    restartDelayMs: ms,
    expBackoffRestartDelayMs: ms,
    stopExitCodes: listOf(whole(0, 255), 0, 256),
    killTimeoutMs: ms,
    killSignal: signalName,
    treekill: flag,
    shutdownWithMessage: flag,
    waitReady: flag,
    listenTimeoutMs: ms,
  },
  OBJECT,
);

const cron = z.strictObject({ pattern: text('a cron pattern'), timezone: z.nullable(text('a time zone')) }, OBJECT);
const watch = z.strictObject(
  {
    paths: listOf(file, 1, MOST_WORDS),
    ignore: lines,
    delayMs: ms,
    usePolling: flag,
    intervalMs: whole(1, LONGEST_MS),
  },
  OBJECT,
);
const amount = z.nullable(whole(0, Number.MAX_SAFE_INTEGER));
const compression = z
  .enum(['none', 'gzip', 'zstd'], '"none", "gzip" or "zstd"')
  .check(z.refine((way) => way !== 'zstd' || hasZstd(), `"none" or "gzip", as ${ZSTD_NEEDS}`));
const roll = z.strictObject(
  {
    maxSizeBytes: amount,
    frequency: z.nullable(text('"none", "hourly", "daily" or a cron pattern', LONGEST_NAME)),
    retain: z.nullable(whole(0, 10_000)),
    maxAgeMs: amount,
    compress: z.nullable(compression),
    maxTotalBytes: amount,
  },
  OBJECT,
);
const logs = z.strictObject(
  {
    outFile: fileOrNull,
    errorFile: fileOrNull,
    combinedFile: fileOrNull,
    merge: flag,
    dateFormat: z.nullable(text('a day.js format')),
    type: z.enum(['plain', 'json'], '"plain" or "json"'),
    roll,
    loki: z.strictObject({ enabled: flag, labels: z.record(z.string(), line, OBJECT) }, OBJECT),
  },
  OBJECT,
);

const appSpec = z.strictObject(
  {
    name,
    namespace: name,
    configFile: fileOrNull,
    version: text('a version', LONGEST_NAME),
    process: processSpec,
    policy: policySpec,
    limits: z.strictObject({ maxMemoryBytes: z.nullable(whole(1, Number.MAX_SAFE_INTEGER)) }, OBJECT),
    triggers: z.strictObject({ cron: z.nullable(cron), watch: z.nullable(watch) }, OBJECT),
    logs,
    envBlocks: z.record(z.string(), variables, OBJECT),
  },
  OBJECT,
);

const target = text('an id, a name, a namespace, /regex/ or all', LONGEST_NAME);
export const targets = listOf(target, 1, MOST_TARGETS);
const startRequest = z.strictObject(
  {
    apps: listOf(appSpec, 1, MOST_APPS),
    env: z.optional(variables),
    parallel: z.optional(whole(1, MOST_INSTANCES)),
    onExisting: z.enum(['restart', 'reload', 'refuse', 'add'], '"restart", "reload", "refuse" or "add"'),
  },
  OBJECT,
);
const actions = ['start', 'stop', 'restart', 'reload', 'delete', 'reset'] as const;
const actionRequest = z.strictObject(
  {
    targets,
    action: z.enum(actions, `one of ${actions.join(', ')}`),
    env: z.optional(variables),
    parallel: z.optional(whole(1, MOST_INSTANCES)),
    // What comes of them is checked as a whole spec.
    changes: z.optional(z.record(z.string(), z.record(z.string(), z.unknown(), OBJECT), OBJECT)),
    watch: z.optional(z.enum(['toggle', 'off'], '"toggle" or "off"')),
  },
  OBJECT,
);
const signalRequest = z.strictObject({ targets, signal: text('a signal such as SIGUSR2', 20) }, OBJECT);
const scaleRequest = z.strictObject({ target, count: text('a number such as 4, +1 or -1', 20) }, OBJECT);
const targetsRequest = z.strictObject({ targets }, OBJECT);

/**
 * Checks an app that came as JSON: from a client, or from a file of the daemon.
 * @param value parsed JSON
 * @returns the same app
 * @throws PromvisorError REQUEST_INVALID naming path, value and what was expected
 */
export function parseSpec(value: unknown): AppSpec {
  return parsed(appSpec, value);
}

/**
 * Checks the body of a start.
 * @param value parsed JSON
 * @returns apps and what to do with those that exist
 * @throws PromvisorError REQUEST_INVALID
 */
export function parseStartRequest(value: unknown): z.output<typeof startRequest> {
  return parsed(startRequest, value);
}

/**
 * Checks the body of an action on instances.
 * @param value parsed JSON
 * @returns action, targets and what changes with it
 * @throws PromvisorError REQUEST_INVALID
 */
export function parseActionRequest(value: unknown): z.output<typeof actionRequest> {
  return parsed(actionRequest, value);
}

/**
 * Checks the body of a signal.
 * @param value parsed JSON
 * @returns targets and the signal as written
 * @throws PromvisorError REQUEST_INVALID
 */
export function parseSignalRequest(value: unknown): z.output<typeof signalRequest> {
  return parsed(signalRequest, value);
}

/**
 * Checks the body of a scale.
 * @param value parsed JSON
 * @returns the target and the count as written
 * @throws PromvisorError REQUEST_INVALID
 */
export function parseScaleRequest(value: unknown): z.output<typeof scaleRequest> {
  return parsed(scaleRequest, value);
}

/**
 * Checks the body of a command that only has targets.
 * @param value parsed JSON
 * @returns the targets
 * @throws PromvisorError REQUEST_INVALID
 */
export function parseTargetsRequest(value: unknown): z.output<typeof targetsRequest> {
  return parsed(targetsRequest, value);
}

/**
 * Checks JSON.
 * @param schema whose messages say what was expected
 * @param value parsed JSON
 * @returns the data
 * @throws PromvisorError REQUEST_INVALID naming path, value and what was expected
 */
export function parsed<T extends z.ZodMiniType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { issues } = result.error;
  const sentences = issues.slice(0, MOST_PROBLEMS).map((issue) => sentenceOf(issue, value));
  if (issues.length > sentences.length) sentences.push(`and ${issues.length - sentences.length} more`);
  throw new PromvisorError('REQUEST_INVALID', sentences.join('\n'), { details: { problems: sentences } });
}

function sentenceOf(issue: z.core.$ZodIssue, root: unknown): string {
  const where = placeOf(issue.path);
  if (issue.code === 'unrecognized_keys') {
    return `${where}: expected no other keys, got ${issue.keys.slice(0, 5).map(show).join(', ')}`;
  }
  // The key of a record is told by the issue of the key.
  const expected = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? 'a name') : issue.message;
  const secret = issue.path.some((step) => step === 'env' || step === 'envBlocks');
  const value = valueAt(root, issue.path);
  return `${where}: expected ${expected}, got ${secret ? kindOf(value) : show(value)}`;
}

function placeOf(steps: readonly PropertyKey[]): string {
  if (steps.length === 0) return 'body';
  const place = steps.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('');
  return place.startsWith('.') ? place.slice(1) : place;
}

function valueAt(root: unknown, steps: readonly PropertyKey[]): unknown {
  let value = root;
  for (const step of steps) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = Reflect.get(value, step);
  }
  return value;
}
