import { describe, expect, test } from 'vitest';
import { spellingsOf, whyIgnored } from '../../src/config/keys.ts';
import { ATTRIBUTE_KEYS } from '../../src/config/schema.ts';
import { attributeRows } from '../support/pm2-attributes-doc.ts';

const SPELLINGS = spellingsOf(ATTRIBUTE_KEYS);

/** Every name that PM2 7 knows. */
const PM2_NAMES =
  `script exec cmd command name name_prefix append_env_to_name namespace cwd args interpreter exec_interpreter
  node_args interpreter_args interpreterArgs exec_mode instances execute_command env filter_env increment_var instance_var port
  out_file out output out_log error_file error err err_file err_log log_file log pid_file pid merge_logs combine_logs
  log_date_format time log_type disable_logs max_memory_restart min_uptime max_restarts restart_delay
  exp_backoff_restart_delay autorestart autostart stop_exit_codes kill_timeout kill_retry_time treekill
  shutdown_with_message wait_ready listen_timeout cron_restart cron watch ignore_watch watch_delay watch_options
  source_map_support disable_source_map_support uid user gid vizion force post_update pmx automation trace disable_trace v8
  event_loop_inspector deep_monitoring io windowsHide username install_url write`.split(/\s+/);

function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Other names of a key, without those in camelCase. */
function aliasesOf(key: string): string[] {
  const names = [...SPELLINGS].filter(([, attribute]) => attribute === key).map(([name]) => name);
  const snake = names.filter((name) => !names.some((other) => other !== name && camelCase(other) === name));
  return snake.filter((name) => name !== key);
}

const attributes = attributeRows();
const ours = attributeRows('Only here');

describe('docs/pm2-attributes.md', () => {
  test('has a row for every key of PM2 and of ours, and none for another', () => {
    const ignored = [...SPELLINGS].filter(([, attribute]) => attribute === null).map(([name]) => name);
    const snake = ignored.filter((name) => !ignored.some((other) => other !== name && camelCase(other) === name));
    const told = [...attributes, ...ours].map(({ key }) => key);
    expect([...told].sort()).toEqual([...ATTRIBUTE_KEYS, ...snake].sort());
  });

  test('says of PM2’s keys that they are its, and of ours that they are not', () => {
    const names = new Set(PM2_NAMES.map(camelCase));
    expect(attributes.filter(({ key }) => !names.has(camelCase(key)))).toEqual([]);
    expect(ours.filter(({ key }) => names.has(camelCase(key)))).toEqual([]);
  });

  test.each(attributes.map((row) => [row.key, row] as const))('%s', (key, { cells }) => {
    const [also = '', here, know = ''] = cells;
    const isIgnored = SPELLINGS.get(key) === null;
    expect(here).toMatch(isIgnored ? /^no effect$/ : /^(same|better)$/);
    expect(also.split(' ').filter((name) => name !== '')).toEqual(
      isIgnored ? [] : aliasesOf(key).map((name) => `\`${name}\``),
    );
    if (here !== 'same') expect(know).not.toBe('');
    if (isIgnored) expect(whyIgnored(key)).not.toBeNull();
  });

  test('every name of PM2 is known, in camelCase too', () => {
    expect(PM2_NAMES.filter((name) => !SPELLINGS.has(name) || !SPELLINGS.has(camelCase(name)))).toEqual([]);
  });
});
