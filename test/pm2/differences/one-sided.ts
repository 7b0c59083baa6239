import type { OneSided } from '../compare.ts';

/** Lines that only one of both prints, in any script. */
export const ONE_SIDED: readonly OneSided[] = [
  {
    by: 'pm2',
    line: /^ {2}host metrics$/,
    why: 'PM2 prints figures of the host below its table, from a probe of its own; they are in /metrics here',
  },
  {
    by: 'pm2',
    line: /^ {3}Add your own code metrics: /,
    why: "a link to PM2's paid service",
  },
  {
    by: 'pm2',
    line: /^ {4}(?:pmx|automation|trace|disable_trace|v8|event_loop_inspector|deep_monitoring|io): /,
    why: "keys of PM2's APM, which have no effect here",
  },
  {
    by: 'pm2',
    line: /^ {4}(?:vizion|force|post_update|kill_retry_time|install_url|write): /,
    why: 'keys that have no effect here, see docs/pm2-attributes.md',
  },
  {
    by: 'pm2',
    line: /^ {4}(?:name_prefix|append_env_to_name|cwd|port|filter_env|source_map_support|watch_options): /,
    why: 'jlist shows what came of these keys (name, pm_cwd, PORT, the variables that are left), not the keys',
  },
];
