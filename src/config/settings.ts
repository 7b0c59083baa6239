import { readFileSync } from 'node:fs';
import { nearestWord } from '../base/did-you-mean.ts';
import { errnoOf, messageOf, PromvisorError } from '../base/errors.ts';
import type { Home } from '../base/paths.ts';
import { hasZstd, ZSTD_NEEDS } from '../base/zstd.ts';
import type { Compression } from '../core/spec.ts';
import { LOKI_DEFAULTS, type LokiSettings, lokiSettingsOf, SECRET_KEYS } from './loki-settings.ts';
import type { ListenAddress, SettingKey, SettingValues } from './settings-schema.ts';
import { kindOf, show } from './show.ts';

export interface Settings {
  /** True: the dump follows the list by itself. */
  readonly autosave: boolean;
  /** True: the C library is called where that is faster than Node's own way, and koffi is installed. */
  readonly nativeCalls: boolean;
  readonly http: {
    /** Null when switched off. */
    readonly listen: ListenAddress | null;
    /** True shows environment values on the read-only listener. */
    readonly exposeEnv: boolean;
    /** True serves /metrics/pm2. */
    readonly pm2Metrics: boolean;
  };
  /** What is measured of processes. */
  readonly metrics: {
    /** True reads the proportional memory, which is dear. */
    readonly pss: boolean;
  };
  readonly pm2: {
    /** True opens PM2's sockets in the home. */
    readonly api: boolean;
  };
  /** The daemon's own log. */
  readonly log: { readonly level: string; readonly maxSizeBytes: number; readonly retain: number };
  /** The log files of the apps, where an app says nothing else. */
  readonly logs: {
    /** 0: any. */
    readonly maxSizeBytes: number;
    /** `none`, `hourly`, `daily`, or a cron pattern. */
    readonly frequency: string;
    /** Rolled files per stream. */
    readonly retain: number;
    /** 0: none. */
    readonly maxAgeMs: number;
    readonly compress: Compression;
    /** All files of all apps; 0: any. */
    readonly maxTotalBytes: number;
  };
  /** Where lines are shipped to; null when they are not. */
  readonly loki: LokiSettings | null;
}

/** What holds where nothing else is said. */
export const SETTING_DEFAULTS: SettingValues = {
  autosave: true,
  native_calls: true,
  'http.listen': { host: '127.0.0.1', port: 9209 },
  'http.expose_env': false,
  'http.pm2_metrics': false,
  'metrics.pss': false,
  'pm2.api': false,
  'log.level': 'info',
  'log.max_size': 10 * 1024 * 1024,
  'log.retain': 5,
  'logs.max_size': 128 * 1024 * 1024,
  'logs.frequency': 'none',
  'logs.retain': 10,
  'logs.max_age': 0,
  'logs.compress': 'gzip',
  'logs.max_total': 2 * 1024 ** 3,
  ...LOKI_DEFAULTS,
};
export const SETTING_KEYS = Object.keys(SETTING_DEFAULTS) as SettingKey[]; // a literal object has just its keys
const LARGEST_BYTES = 1024 * 1024;

/** One setting as somebody wrote it. */
export interface GivenSetting {
  readonly key: SettingKey;
  readonly value: unknown;
  /** The file or the variable, for messages. */
  readonly from: string;
}

/**
 * Loads the settings of the daemon: variables win over the file, the file over the defaults.
 * @param home with settings.json, which need not be there
 * @param env with PROMVISOR_HTTP_LISTEN and its like; an empty variable is none
 * @returns all settings
 * @throws PromvisorError SETTINGS_INVALID that tells every mistake with its file or variable
 */
export async function loadSettings(home: Home, env: NodeJS.ProcessEnv): Promise<Settings> {
  const problems: string[] = [];
  const settings = await settingsFrom([...(await givenInFile(home, problems)), ...givenInEnv(env)], problems);
  if (problems.length > 0) {
    throw new PromvisorError('SETTINGS_INVALID', problems.join('\n'), { details: { problems } });
  }
  return settings;
}

/**
 * Makes settings of what was written.
 * @param given the later one of two wins
 * @param problems gets a sentence for each mistake
 * @returns settings that may be used when there are no problems
 */
export async function settingsFrom(given: readonly GivenSetting[], problems: string[]): Promise<Settings> {
  const values: Record<SettingKey, unknown> = { ...SETTING_DEFAULTS };
  if (given.length > 0) {
    // Most daemons run on defaults and never load the checker.
    const { readSetting } = await import('./settings-schema.ts');
    for (const { key, value, from } of given) {
      const read = readSetting(key, value);
      if (key === 'logs.frequency' && 'value' in read && (await isNoSchedule(String(read.value)))) {
        problems.push(`${key}: expected none, hourly, daily or a cron pattern, got ${show(value)} (${from})`);
      } else if (key === 'logs.compress' && 'value' in read && read.value === 'zstd' && !hasZstd()) {
        problems.push(`${key}: expected true, false or gzip, got ${show(value)}; ${ZSTD_NEEDS} (${from})`);
      } else if ('value' in read) values[key] = read.value;
      else problems.push(`${key}: expected ${read.expected}, got ${gotOf(key, value)} (${from})`);
    }
  }
  // Each value is a default or was read as one of its key.
  return settingsOf(values as SettingValues, problems);
}

function gotOf(key: string, value: unknown): string {
  return SECRET_KEYS.has(key) ? kindOf(value) : show(value);
}

async function isNoSchedule(frequency: string): Promise<boolean> {
  if (['none', 'hourly', 'daily'].includes(frequency)) return false;
  const { scheduleError } = await import('./triggers.ts');
  return (await scheduleError(frequency, null)) !== null;
}

function settingsOf(values: SettingValues, problems: string[]): Settings {
  return {
    autosave: values.autosave,
    nativeCalls: values.native_calls,
    http: {
      listen: values['http.listen'],
      exposeEnv: values['http.expose_env'],
      pm2Metrics: values['http.pm2_metrics'],
    },
    metrics: { pss: values['metrics.pss'] },
    pm2: { api: values['pm2.api'] },
    log: { level: values['log.level'], maxSizeBytes: values['log.max_size'], retain: values['log.retain'] },
    logs: {
      maxSizeBytes: values['logs.max_size'],
      frequency: values['logs.frequency'],
      retain: values['logs.retain'],
      maxAgeMs: values['logs.max_age'],
      compress: values['logs.compress'],
      maxTotalBytes: values['logs.max_total'],
    },
    loki: lokiSettingsOf(values, problems),
  };
}

/** Other variables that begin with PROMVISOR_ are no mistake: container platforms make up such names for services. */
export function givenInEnv(env: NodeJS.ProcessEnv): GivenSetting[] {
  return SETTING_KEYS.flatMap((key) => {
    const variable = `PROMVISOR_${key.replaceAll('.', '_').toUpperCase()}`;
    const value = env[variable];
    return value === undefined || value === '' ? [] : [{ key, value, from: variable }];
  });
}

/**
 * Reads what the file of a home says.
 * @param home with settings.json, which need not be there
 * @param problems gets a sentence for each key that there is not
 * @throws PromvisorError SETTINGS_INVALID when it is no JSON
 */
export async function givenInFile(home: Home, problems: string[]): Promise<GivenSetting[]> {
  return givenIn(await readSettingsFile(home.settingsFile), home.settingsFile, problems);
}

/**
 * Finds the settings in the content of a file.
 * @param content parsed JSON, undefined for no file
 * @param file for messages
 * @param problems gets a sentence for each key that there is not
 */
export function givenIn(content: unknown, file: string, problems: string[]): GivenSetting[] {
  const given: GivenSetting[] = [];
  for (const [path, value] of leavesOf(content, file, problems)) {
    const key = SETTING_KEYS.find((candidate) => candidate === path);
    if (key !== undefined) {
      given.push({ key, value, from: file });
      continue;
    }
    const meant = nearestWord(path, SETTING_KEYS);
    const hint = meant === null ? `expected one of ${SETTING_KEYS.join(', ')}` : `did you mean "${meant}"?`;
    problems.push(`${path}: unknown setting, got ${show(value)}; ${hint} (${file})`);
  }
  return given;
}

/** Settings stand in groups: { "http": { "listen": "off" } }. */
function leavesOf(content: unknown, file: string, problems: string[]): readonly (readonly [string, unknown])[] {
  if (content === undefined) return [];
  if (!isObject(content)) {
    problems.push(`settings: expected an object, got ${show(content)} (${file})`);
    return [];
  }
  const groups = new Set(SETTING_KEYS.filter((key) => key.includes('.')).map((key) => key.split('.', 1)[0]));
  return Object.entries(content).flatMap(([group, value]) => {
    if (group === '$schema') return [];
    if (isObject(value)) return Object.entries(value).flatMap(([key, leaf]) => leavesBelow(`${group}.${key}`, leaf));
    if (!groups.has(group)) return [[group, value] as const];
    problems.push(`${group}: expected an object, got ${show(value)} (${file})`);
    return [];
  });
}

/** `tls: { ca: … }` is another way to write `tls_ca`. */
function leavesBelow(path: string, value: unknown): readonly (readonly [string, unknown])[] {
  const isLeaf =
    !isObject(value) ||
    SETTING_KEYS.some((key) => key === path) ||
    !SETTING_KEYS.some((key) => key.startsWith(`${path}_`));
  if (isLeaf) return [[path, value]];
  return Object.entries(value).map(([key, leaf]) => [`${path}_${key}`, leaf] as const);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined when there is no file. */
export async function readSettingsFile(file: string): Promise<unknown> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw new PromvisorError('SETTINGS_INVALID', `${file}: cannot be read: ${messageOf(error)}`, { cause: error });
  }
  if (text.length > LARGEST_BYTES) {
    throw new PromvisorError(
      'SETTINGS_INVALID',
      `${file}: expected at most ${LARGEST_BYTES} characters, got ${text.length}`,
    );
  }
  try {
    const { parseRelaxedJson } = await import('./relaxed-json.ts');
    return parseRelaxedJson(text, file);
  } catch (error) {
    throw new PromvisorError('SETTINGS_INVALID', messageOf(error), { cause: error });
  }
}
