import { type CliContext, type ExitCode, writeJson } from '../context.ts';

const MODULES =
  'promvisor has no modules: logs roll by themselves (logs.*), metrics are at /metrics, and another program runs beside your apps with promvisor start';
const DASHBOARD =
  'promvisor has no hosted service: /metrics and the dashboards in grafana/ show the same, on your own machines (docs/prometheus.md, docs/grafana.md)';
const GIT =
  'promvisor reads no git repository: pull in your own way, then promvisor reload APP, which changes nothing when the new version does not come up';
const DEPLOY =
  'promvisor does not deploy: copy and build with your own tool or CI, then run promvisor reload ecosystem.config.cjs --env production there';
const PROFILE =
  'promvisor does not profile itself: its CPU and memory are process_* in /metrics without labels; for an app there is promvisor inspect';
const OTEL =
  'promvisor installs no tracing: start the app with --node-args "--require ./tracing.cjs"; HTTP requests are measured without it, see docs/app-metrics.md';

/** Commands of PM2 that are not here, and what to use instead. */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  link: DASHBOARD,
  unlink: DASHBOARD,
  monitor: DASHBOARD,
  unmonitor: DASHBOARD,
  open: DASHBOARD,
  plus: DASHBOARD,
  register: DASHBOARD,
  login: DASHBOARD,
  logout: DASHBOARD,
  install: MODULES,
  uninstall: MODULES,
  'module:install': MODULES,
  'module:update': MODULES,
  'module:uninstall': MODULES,
  'module:generate': MODULES,
  'module:publish': MODULES,
  publish: MODULES,
  package: MODULES,
  autoinstall: MODULES,
  create: 'promvisor makes no sample projects: promvisor init writes an ecosystem.config.cjs for the folder',
  deploy: DEPLOY,
  pull: GIT,
  forward: GIT,
  backward: GIT,
  deepUpdate: 'install the new version (npm install -g promvisor), then promvisor update: the apps run on',
  logrotate:
    'logs roll by themselves: see promvisor get logs.max_size, and docs/logs.md; for an outside logrotate there is promvisor reloadLogs',
  trigger:
    'promvisor has no actions: send a signal (promvisor sendSignal SIGUSR2 APP), a line (promvisor send ID LINE), or ask the app over HTTP',
  slist: 'promvisor list --json and promvisor ping --json have its state as JSON, /metrics that of the machine',
  sysinfos: 'promvisor list --json and promvisor ping --json have its state as JSON, /metrics that of the machine',
  'profile:cpu': PROFILE,
  'profile:mem': PROFILE,
  examples: 'promvisor --help shows the commands, man promvisor the flags, README.md examples',
  'install-otel': OTEL,
  'uninstall-otel': OTEL,
};

/**
 * A command of PM2 that is not here: says what to use instead.
 * @param context of the command
 * @param word the command
 * @returns 1
 */
export function elsewhereCommand(context: CliContext, word: string): ExitCode {
  const instead = ELSEWHERE[word] ?? '';
  if (context.json) writeJson(context, { command: word, instead });
  else context.terminal.err(`promvisor: ${word}: ${instead}\n`);
  return 1;
}
