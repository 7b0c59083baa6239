import type { Difference } from '../compare.ts';

/** Lines of scripts/command-flags.sh that are answered otherwise, on purpose. */
export const COMMAND_FLAGS: readonly Difference[] = [
  {
    command: 'pm2 stop --watch echo',
    pm2: ['!', "!   error: missing required argument `id|name|namespace|all|json|stdin'", '!', '= 1'],
    ours: [
      '  [PM2] Applying action stopProcessId on app [echo](ids: [ 0 ])',
      '  [PM2] [echo](0) ✓',
      '  │ id │ name │ namespace │ version │ mode │ pid │ uptime │ ↺ │ status │ cpu │ mem │ user │ watching │',
      '  │ 0 │ echo │ default │ N/A │ fork │ 0 │ 0 │ 1 │ stopped │ CPU │ 0b │ USER │ disabled │',
      '= 0',
    ],
    why: 'the name is the name of the app, where PM2 takes it for a path to watch',
  },
  {
    command: 'pm2 start idle.sh --name fresh --fresh --silent',
    pm2: ['= 0'],
    ours: ['= 1'],
    why: 'refused: an app in a container is built with tools for containers, and runs with --no-daemon',
  },
  {
    command: 'timeout 9 pm2 start idle.sh --name container --container',
    pm2: [
      '',
      '  [Solution] Setup Docker to be able to be used without sudo rights:',
      '  $ sudo groupadd docker',
      '  $ sudo usermod -aG docker $USER',
      '  Then LOGOUT and LOGIN your Linux session',
      '  Read more: http://bit.ly/29JGdCE',
      '',
      '  Raw error=',
      '! [Docker access] Error while trying to use docker command',
      '= 0',
    ],
    ours: ['!', "!   error: unknown option `--container'", '!', '= 1'],
    why: 'refused: an app in a container is built with tools for containers, and runs with --no-daemon',
  },
  {
    command: 'timeout 9 pm2 start idle.sh --name dist --dist --silent',
    pm2: ['= 0'],
    ours: ['= 1'],
    why: 'refused: an app in a container is built with tools for containers, and runs with --no-daemon',
  },
  {
    command: 'timeout 9 pm2 start idle.sh --name image-name --image-name shop --silent',
    pm2: ['= 0'],
    ours: ['= 1'],
    why: 'refused: an app in a container is built with tools for containers, and runs with --no-daemon',
  },
  {
    command: 'timeout 9 pm2 start idle.sh --name node-version --node-version 20 --silent',
    pm2: ['= 0'],
    ours: ['= 1'],
    why: 'refused: an app in a container is built with tools for containers, and runs with --no-daemon',
  },
  {
    command: 'timeout 9 pm2 start idle.sh --name dockerdaemon --dockerdaemon --silent',
    pm2: ['= 0'],
    ours: ['= 1'],
    why: 'refused: an app in a container is built with tools for containers, and runs with --no-daemon',
  },
  {
    command: 'pm2 jlist | node pick.cjs name pm2_env.status',
    pm2: [
      '  fresh fresh online',
      '  dist dist online',
      '  image-name image-name online',
      '  node-version node-version online',
      '  dockerdaemon dockerdaemon online',
    ],
    ours: [],
    why: 'what was refused is not there',
  },
  {
    command: 'pm2 delete fresh dist image-name node-version dockerdaemon --silent',
    pm2: ['= 0'],
    ours: ['= 1'],
    why: 'what was refused is not there',
  },
  {
    command: 'curl -s -o /dev/null -w "%{http_code}\\n" http://127.0.0.1:$PORT_A/none.css',
    pm2: ['  200'],
    ours: ['  404'],
    why: '--spa answers routes, not files that are missing',
  },
  {
    command: 'pm2 serve public --port $PORT_A --name ftp --ftp --silent',
    pm2: ['= 0'],
    ours: ['= 1'],
    why: 'refused: a page that lists a folder shows more than was meant',
  },
  {
    command: 'pm2 jlist | node pick.cjs name pm2_env.status',
    pm2: ['  ftp ftp online'],
    ours: [],
    why: 'what was refused is not there',
  },
];
