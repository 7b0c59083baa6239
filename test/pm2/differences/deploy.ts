/** A line of deploy.sh to which promvisor answers other than PM2, on purpose. */
export interface Difference {
  readonly command: string;
  /** Lines that only PM2 prints, in their order; `!` is stderr, `=` the exit code. */
  readonly pm2: readonly string[];
  readonly ours: readonly string[];
  readonly why: string;
}

/** Lines of PM2 that promvisor never prints. */
export const NEVER_PRINTED: readonly { readonly line: string; readonly why: string }[] = [
  {
    line: '  host metrics',
    why: 'PM2 prints figures of the host below its table, from a probe of its own; they are in /metrics here',
  },
  {
    line: '   Add your own code metrics: http://bit.ly/code-metrics',
    why: "a link to PM2's paid service",
  },
];

const row = (...cells: readonly (string | number)[]) => `  │ ${cells.join(' │ ')} │`;
const online = (id: number, name: string, namespace: string, mode: string, restarts: number) =>
  row(id, name, namespace, 'N/A', mode, 'PID', 'UPTIME', restarts, 'online', 'CPU', 'MEM', 'USER', 'disabled');
const stopped = (id: number, name: string, mode: string, restarts: number) =>
  row(id, name, 'default', 'N/A', mode, 0, 0, restarts, 'stopped', 'CPU', '0b', 'USER', 'disabled');

export const DIFFERENCES: readonly Difference[] = [
  {
    command: 'pm2 jlist | node shape.cjs',
    pm2: ['    _tree_pids:array', '    prev_restart_delay:number', '    script:string'],
    ours: ['    watch:boolean', '    watch:boolean', '    watch:boolean', '    filter_env:array', '    watch:boolean'],
    why: 'what a restart through a file leaves behind in PM2 (its own bookkeeping, the script as written, a delay of 0) is not there; watch is there for every app, false too; an app from stdin is one without a file',
  },
  {
    command: 'pm2 scale api 1',
    pm2: [
      '  [PM2] Applying action deleteProcessId on app [0](ids: [ 0 ])',
      '  [PM2] [api](0) ✓',
      online(9, 'api', 'default', 'cluster', 0),
    ],
    ours: [
      '  [PM2] Applying action deleteProcessId on app [9](ids: [ 9 ])',
      '  [PM2] [api](9) ✓',
      online(0, 'api', 'default', 'cluster', 0),
    ],
    why: 'PM2 takes away the oldest instances, so that instance 0 is gone; here the newest go and 0..n-1 stay',
  },
  {
    command: 'pm2 delete api',
    pm2: ['  [PM2] Applying action deleteProcessId on app [api](ids: [ 9 ])', '  [PM2] [api](9) ✓'],
    ours: ['  [PM2] Applying action deleteProcessId on app [api](ids: [ 0 ])', '  [PM2] [api](0) ✓'],
    why: 'the instance that scale left, see above',
  },
  {
    command: 'pm2 startOrReload ecosystem.config.js --only web --update-env',
    pm2: ['  [PM2] cron restart at 0 4 * * *'],
    ours: [],
    why: 'PM2 tells of the pattern of an app that --only leaves out',
  },
  {
    command: 'pm2 resurrect',
    pm2: [
      stopped(3, 'cron', 'fork', 1),
      stopped(1, 'line', 'fork', 1),
      online(2, 'loop', 'jobs', 'fork', 0),
      online(6, 'piped', 'jobs', 'fork', 0),
      stopped(4, 'web', 'cluster', 2),
      stopped(5, 'web', 'cluster', 2),
      online(0, 'worker', 'default', 'fork', 0),
    ],
    ours: [
      stopped(5, 'cron', 'fork', 0),
      stopped(3, 'line', 'fork', 0),
      online(4, 'loop', 'jobs', 'fork', 0),
      online(8, 'piped', 'jobs', 'fork', 0),
      stopped(6, 'web', 'cluster', 0),
      stopped(7, 'web', 'cluster', 0),
      online(2, 'worker', 'default', 'fork', 0),
    ],
    why: 'PM2 gives new ids; here an instance comes back with the id that it had, and all counts begin anew',
  },
  {
    command: 'pm2 start crash.js --name crash --max-restarts 1 --wait-ready --listen-timeout 5000 --silent',
    pm2: ['= 0'],
    ours: ['= 1'],
    why: 'PM2 exits with 0 when an app dies at once',
  },
  {
    command: 'pm2 reload fragile',
    pm2: ['  [PM2] [fragile](0) ✓', '= 0'],
    ours: ['! [PM2][ERROR] [fragile](0) the new process died: uncaught (code 1) after MS; the old one stays', '= 1'],
    why: 'PM2 takes the whole app down by a broken version and exits with 0; here the old one stays up',
  },
];
