import type { Difference } from '../compare.ts';

/** Lines of scripts/flags.sh that are answered otherwise, on purpose. */
export const FLAGS: readonly Difference[] = [
  {
    command: 'pm2 jlist | node told.cjs',
    pm2: [
      '    {"message":"arguments: \\nfolder: CWD\\n","timestamp":"DAYTIME","type":"out","process_id":11,"app_name":"log-type"}',
    ],
    ours: [
      '    {"message":"arguments: ","timestamp":"DAYTIME","type":"out","process_id":11,"app_name":"log-type"}',
      '    {"message":"folder: CWD","timestamp":"DAYTIME","type":"out","process_id":11,"app_name":"log-type"}',
    ],
    why: 'one JSON object a line, not one a chunk',
  },
  {
    command: 'pm2 start idle.sh --name ext --ext js,json --silent',
    pm2: ['= 0'],
    ours: ['= 1'],
    why: 'not supported, and said so: --watch with the folder of the code, or --ignore-watch',
  },
  {
    command: 'pm2 start idle.sh --name written --write --silent; ls *-pm2.json',
    pm2: ['  written-pm2.json', '= 0'],
    ours: ["! ls: cannot access '*-pm2.json': No such file or directory", '= 2'],
    why: 'not supported, and said so: promvisor init writes a file',
  },
  {
    command: 'pm2 start idle.sh --name written-short -w --silent; ls *-pm2.json',
    pm2: ['  written-pm2.json', '  written-short-pm2.json', '= 0'],
    ours: ["! ls: cannot access '*-pm2.json': No such file or directory", '= 2'],
    why: 'not supported, and said so: promvisor init writes a file',
  },
  {
    command: 'pm2 jlist | node given.cjs',
    pm2: [
      '  ext: online',
      '    ignore_watch: ["CWD/both-short.log","CWD/both.log","CWD/error-short.log","CWD/error.log","CWD/idle.sh","CWD/loop.sh","CWD/one-13.pid","CWD/out-short.log","CWD/out.log","CWD/public/index.html","CWD/sub/idle.sh","CWD/two-14.pid"]',
      '  written: online',
      '  written-short: online',
    ],
    ours: ['    pm_err_log_path: "/dev/null"', '    pm_out_log_path: "/dev/null"'],
    why: 'what was refused is not there; files that are switched off are not named',
  },
  {
    command: 'pm2 start ecosystem.config.js --only nope',
    pm2: [
      '  [PM2] cron restart at 0 4 * * *',
      '  │ id │ name │ namespace │ version │ mode │ pid │ uptime │ ↺ │ status │ cpu │ mem │ user │ watching │',
      '  │ 0 │ cron │ default │ N/A │ fork │ PID │ UPTIME │ 0 │ online │ CPU │ MEM │ USER │ disabled │',
      '= 0',
    ],
    ours: ['! [PM2][ERROR] --only: expected one of "cron", "web", got "nope" (ecosystem.config.js)', '= 1'],
    why: 'a name that there is not is an error, where PM2 starts nothing and exits with 0',
  },
  {
    command:
      '(pm2 start tell.js --no-daemon > foreground.txt & pid=$!; for i in $(seq 50); do grep -q arguments: foreground.txt && break; sleep 0.1; done; kill -INT $pid; wait $pid)',
    pm2: ['= 130'],
    ours: ['= 0'],
    why: 'who ends the daemon on purpose has had no failure: 0, not 130',
  },
];
