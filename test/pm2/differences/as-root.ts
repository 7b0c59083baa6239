import type { Difference } from '../compare.ts';

/** Lines of scripts/as-root.sh that are answered otherwise, on purpose. */
export const AS_ROOT: readonly Difference[] = [
  {
    command: 'pm2 jlist | node given.cjs',
    pm2: ['    watch: not there', '    watch: not there', '    watch: not there'],
    ours: [
      '    env.LOGNAME: "nobody"',
      '    env.USER: "nobody"',
      '    filter_env: not there',
      '    env.LOGNAME: "nobody"',
      '    env.USER: "nobody"',
      '    env.LOGNAME: "nobody"',
      '    env.USER: "nobody"',
      '    filter_env: not there',
      '    env.LOGNAME: "nobody"',
      '    env.USER: "nobody"',
      '    filter_env: not there',
      '    env.LOGNAME: "nobody"',
      '    env.USER: "nobody"',
    ],
    why: 'USER and LOGNAME are those of the user too; watch is there for every app, filter_env for those without a file',
  },
  {
    command: 'pm2 start idle.sh --name gid --gid daemon',
    pm2: [
      '! [PM2][ERROR]  User undefined cannot be found',
      '! [PM2][ERROR] [PM2][ERROR]  User undefined cannot be found',
      '= 1',
    ],
    ours: [
      '  [PM2] Starting CWD/idle.sh in fork_mode (1 instance)',
      '  [PM2] Done.',
      '  │ id │ name │ namespace │ version │ mode │ pid │ uptime │ ↺ │ status │ cpu │ mem │ user │ watching │',
      '  │ 2 │ both │ default │ N/A │ fork │ PID │ UPTIME │ 0 │ online │ CPU │ MEM │ USER │ disabled │',
      '  │ 6 │ gid │ default │ N/A │ fork │ PID │ UPTIME │ 0 │ online │ CPU │ MEM │ USER │ disabled │',
      '  │ 5 │ gid-key │ default │ N/A │ fork │ PID │ UPTIME │ 0 │ online │ CPU │ MEM │ USER │ disabled │',
      '  │ 0 │ plain │ default │ N/A │ fork │ PID │ UPTIME │ 0 │ online │ CPU │ MEM │ USER │ disabled │',
      '  │ 1 │ uid │ default │ N/A │ fork │ PID │ UPTIME │ 0 │ online │ CPU │ MEM │ USER │ disabled │',
      '  │ 3 │ uid-key │ default │ N/A │ fork │ PID │ UPTIME │ 0 │ online │ CPU │ MEM │ USER │ disabled │',
      '  │ 4 │ user-key │ default │ N/A │ fork │ PID │ UPTIME │ 0 │ online │ CPU │ MEM │ USER │ disabled │',
      '= 0',
    ],
    why: 'a group without a user is taken',
  },
  {
    command:
      'mkdir -p -m 777 nobody && setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=$PWD/nobody PM2_HOME=$PWD/nobody/home pm2 startup systemd -u games --hp /srv/shop',
    pm2: [
      '  [PM2] Init System found: systemd',
      '  [PM2] To setup the Startup Script, copy/paste the following command:',
      '  sudo env PATH=$PATH:NODE pm2 startup systemd -u games --hp CWD/nobody',
    ],
    ours: [
      '  To setup the Startup Script, copy/paste the following command:',
      '  sudo env PATH=$PATH:NODE PROMVISOR_HOME=CWD/nobody/home PROMVISOR/promvisor.cjs startup systemd -u games --hp /srv/shop',
    ],
    why: 'the line for root has the program by its path, the home, and the --hp that was given, which PM2 drops',
  },
  {
    command:
      'setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=$PWD/nobody PM2_HOME=$PWD/nobody/home pm2 startup systemd --user games --hp /srv/shop --service-name site --wait-ip',
    pm2: [
      '  [PM2] Init System found: systemd',
      '  [PM2] To setup the Startup Script, copy/paste the following command:',
      '  sudo env PATH=$PATH:NODE pm2 startup systemd -u games --hp CWD/nobody',
    ],
    ours: [
      '  To setup the Startup Script, copy/paste the following command:',
      '  sudo env PATH=$PATH:NODE PROMVISOR_HOME=CWD/nobody/home PROMVISOR/promvisor.cjs startup systemd --service-name site -u games --hp /srv/shop',
    ],
    why: 'as above, and --service-name, which PM2 drops too',
  },
  {
    command:
      'setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=$PWD/nobody PM2_HOME=$PWD/nobody/home pm2 unstartup systemd -u games --hp /srv/shop',
    pm2: [
      '  [PM2] Init System found: systemd',
      '  [PM2] To unsetup the Startup Script, copy/paste the following command:',
      '  sudo env PATH=$PATH:NODE pm2 unstartup systemd -u games --hp CWD/nobody',
      '= 1',
    ],
    ours: ['  nothing to remove: /etc/systemd/system/promvisor-games.service is not there', '= 0'],
    why: 'what is not there needs no root to be removed',
  },
];
