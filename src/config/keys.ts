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

/** PM2's keys that ask for nothing here: its APM, its SaaS, git, Windows. Accepted, so that a file works as it is. */
const IGNORED_KEYS = [
  ...['pmx', 'automation', 'trace', 'disable_trace', 'v8', 'event_loop_inspector', 'deep_monitoring', 'io'],
  ...['vizion', 'post_update', 'force', 'windows_hide', 'username', 'install_url', 'write', 'kill_retry_time'],
] as const;

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
  for (const key of IGNORED_KEYS) for (const name of [key, camelCase(key)]) spellings.set(name, null);
  return spellings;
}

function camelCase(key: string): string {
  return key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * Words the warning of an unknown key.
 * @param key as written
 * @param known the keys there are
 * @returns with the key that was probably meant, if one is near
 */
export function unknownKey(key: string, known: Iterable<string>): string {
  const meant = nearestWord(key, known);
  return `unknown key ${JSON.stringify(key)} is ignored${meant === null ? '' : `, did you mean "${meant}"?`}`;
}
