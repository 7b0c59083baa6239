import type { Difference } from '../compare.ts';

/** Lines of scripts/deploy.sh that are answered otherwise, on purpose. */
export const DEPLOY: readonly Difference[] = [
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
      '  │ 9 │ api │ default │ N/A │ cluster │ PID │ UPTIME │ 0 │ online │ CPU │ MEM │ USER │ disabled │',
    ],
    ours: [
      '  [PM2] Applying action deleteProcessId on app [9](ids: [ 9 ])',
      '  [PM2] [api](9) ✓',
      '  │ 0 │ api │ default │ N/A │ cluster │ PID │ UPTIME │ 0 │ online │ CPU │ MEM │ USER │ disabled │',
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
      '  │ 3 │ cron │ default │ N/A │ fork │ 0 │ 0 │ 1 │ stopped │ CPU │ 0b │ USER │ disabled │',
      '  │ 1 │ line │ default │ N/A │ fork │ 0 │ 0 │ 1 │ stopped │ CPU │ 0b │ USER │ disabled │',
      '  │ 2 │ loop │ jobs │ N/A │ fork │ PID │ UPTIME │ 0 │ online │ CPU │ MEM │ USER │ disabled │',
      '  │ 6 │ piped │ jobs │ N/A │ fork │ PID │ UPTIME │ 0 │ online │ CPU │ MEM │ USER │ disabled │',
      '  │ 4 │ web │ default │ N/A │ cluster │ 0 │ 0 │ 2 │ stopped │ CPU │ 0b │ USER │ disabled │',
      '  │ 5 │ web │ default │ N/A │ cluster │ 0 │ 0 │ 2 │ stopped │ CPU │ 0b │ USER │ disabled │',
      '  │ 0 │ worker │ default │ N/A │ fork │ PID │ UPTIME │ 0 │ online │ CPU │ MEM │ USER │ disabled │',
    ],
    ours: [
      '  │ 5 │ cron │ default │ N/A │ fork │ 0 │ 0 │ 0 │ stopped │ CPU │ 0b │ USER │ disabled │',
      '  │ 3 │ line │ default │ N/A │ fork │ 0 │ 0 │ 0 │ stopped │ CPU │ 0b │ USER │ disabled │',
      '  │ 4 │ loop │ jobs │ N/A │ fork │ PID │ UPTIME │ 0 │ online │ CPU │ MEM │ USER │ disabled │',
      '  │ 8 │ piped │ jobs │ N/A │ fork │ PID │ UPTIME │ 0 │ online │ CPU │ MEM │ USER │ disabled │',
      '  │ 6 │ web │ default │ N/A │ cluster │ 0 │ 0 │ 0 │ stopped │ CPU │ 0b │ USER │ disabled │',
      '  │ 7 │ web │ default │ N/A │ cluster │ 0 │ 0 │ 0 │ stopped │ CPU │ 0b │ USER │ disabled │',
      '  │ 2 │ worker │ default │ N/A │ fork │ PID │ UPTIME │ 0 │ online │ CPU │ MEM │ USER │ disabled │',
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
