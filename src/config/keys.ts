import { nearestWord } from '../base/did-you-mean.ts';

/** Other names of an attribute. Each name in snake_case may be written in camelCase as well. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  script: ['exec', 'cmd', 'command'],
  interpreter: ['exec_interpreter'],
  node_args: ['interpreter_args'],
  out_file: ['out', 'output', 'out_log'],
  error_file: ['error', 'err', 'err_file', 'err_log'],
  log_file: ['log'],
  pid_file: ['pid'],
  merge_logs: ['combine_logs'],
  cron_restart: ['cron'],
  uid: ['user'],
};

const APM = 'PM2\'s APM is not loaded; the agent measures without it (see "telemetry")';
/** PM2's keys that ask for nothing here, and why. Accepted, so that a file works as it is. */
const IGNORED_KEYS: Readonly<Record<string, string>> = {
  pmx: APM,
  automation: APM,
  trace: APM,
  disable_trace: APM,
  v8: APM,
  event_loop_inspector: APM,
  deep_monitoring: APM,
  io: APM,
  vizion: 'no data of git is read; the version is that of package.json',
  post_update: 'no code is pulled here: run these commands where the code is deployed, before "promvisor reload"',
  force: 'an app that is on the list is restarted; a second one of its name is "promvisor start -f"',
  windows_hide: 'there is no console window to hide',
  username: 'the user is known from the system; "uid" runs the app as another one',
  install_url: 'modules of PM2 are not installed here',
  write: 'no file is written of a command line',
  kill_retry_time: 'ends of processes are seen at once, not asked for at intervals',
};

/** Keys of a file that are no apps. */
export const FILE_KEYS = ['apps', 'deploy', 'static', '$schema'] as const;

/**
 * Lists every spelling of every key of an app, the attribute's own name first.
 * @param attributes the attributes' own names
 * @returns spelling -> attribute, or null for what is ignored
 */
export function spellingsOf<K extends string>(attributes: readonly K[]): ReadonlyMap<string, K | null> {
  const spellings = new Map<string, K | null>();
  for (const attribute of attributes) {
    const names = [attribute, ...(ALIASES[attribute] ?? [])];
    for (const name of [...names, ...names.map(camelCase)]) spellings.set(name, attribute);
  }
  for (const key of Object.keys(IGNORED_KEYS)) for (const name of [key, camelCase(key)]) spellings.set(name, null);
  return spellings;
}

function camelCase(key: string): string {
  return key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * Says why a key of PM2 has no effect.
 * @param spelling as written
 * @returns the reason, null for a key that has one
 */
export function whyIgnored(spelling: string): string | null {
  const key = Object.keys(IGNORED_KEYS).find((name) => name === spelling || camelCase(name) === spelling);
  return key === undefined ? null : (IGNORED_KEYS[key] ?? null);
}

/**
 * Words the warning of an unknown key.
 * @param key as written
 * @param known the keys there are
 * @returns with the key that was probably meant, if one is near
 */
export function unknownKey(key: string, known: Iterable<string>): { readonly key: string; readonly text: string } {
  const meant = nearestWord(key, known);
  const text = `unknown key ${JSON.stringify(key)} is ignored${meant === null ? '' : `, did you mean "${meant}"?`}`;
  return { key, text };
}
