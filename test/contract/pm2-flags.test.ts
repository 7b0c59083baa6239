import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { Home } from '../../src/base/paths.ts';
import type { AppSpec } from '../../src/core/spec.ts';
import { type Asked, fakeDaemon, privateHome } from '../support/fake-daemon.ts';
import { runCli, workFolder } from '../support/in-process-cli.ts';
import { pm2Rows } from '../support/pm2-doc.ts';

let home: Home;
let asked: Asked[];

beforeEach(async () => {
  home = privateHome();
  asked = await fakeDaemon(home, ({ method }) =>
    method === 'POST'
      ? {
          lines: [
            { type: 'begin', total: 0 },
            { type: 'end', ok: true, ids: [], failed: 0 },
          ],
        }
      : { json: { instances: [], pid: 1, version: '1', http: { listen: null, address: null, error: null } } },
  );
  mkdirSync(path.join(workFolder(home), 'sub'));
  for (const file of ['app.js', 'sub/app.js']) writeFileSync(path.join(workFolder(home), file), '');
});

/** What `start app.js` with these flags asks the daemon for. */
async function startedWith(...flags: readonly string[]): Promise<AppSpec> {
  const { error } = await runCli(home, ['start', 'app.js', ...flags]);
  if (error !== null) throw error;
  const [app] = asked
    .filter(({ path: route }) => route === '/v1/start')
    .flatMap(({ body }) => (body as { apps: AppSpec[] }).apps);
  if (app === undefined) throw new Error('expected a start, got none');
  return app;
}

const inWork = (name: string) => expect.stringMatching(new RegExp(`/work/${name}$`)) as unknown as string;

/** PM2's flags that say something of an app: what is written, and what the daemon is asked for. */
const OF_AN_APP: Readonly<Record<string, readonly [flags: readonly string[], spec: object]>> = {
  '--name': [['-n', 'web'], { name: 'web' }],
  '--instances': [['-i', '3'], { process: { instances: 3, execMode: 'cluster' } }],
  '--watch': [['--watch'], { triggers: { watch: { paths: [expect.stringMatching(/\/work$/)] } } }],
  '--ignore-watch': [['--watch', '--ignore-watch', 'tmp'], { triggers: { watch: { ignore: ['tmp'] } } }],
  '--watch-delay': [['--watch', '--watch-delay', '2'], { triggers: { watch: { delayMs: 2000 } } }],
  '--output': [['-o', 'o.log'], { logs: { outFile: inWork('o.log') } }],
  '--error': [['-e', 'e.log'], { logs: { errorFile: inWork('e.log') } }],
  '--log': [['-l', 'both.log'], { logs: { combinedFile: inWork('both.log') } }],
  '--log-date-format': [['--log-date-format', 'HH:mm'], { logs: { dateFormat: 'HH:mm' } }],
  '--time': [['--time'], { logs: { dateFormat: 'YYYY-MM-DDTHH:mm:ss' } }],
  '--log-type': [['--log-type', 'json'], { logs: { type: 'json' } }],
  '--disable-logs': [['--disable-logs'], { logs: { outFile: null, errorFile: null } }],
  '--interpreter': [['--interpreter', 'bash'], { process: { interpreter: 'bash' } }],
  '--node-args': [['--node-args', '--no-warnings'], { process: { interpreterArgs: ['--no-warnings'] } }],
  '--execute-command': [['-x', '-i', '2'], { process: { execMode: 'fork', instances: 2 } }],
  '--cwd': [['--cwd', 'sub'], { process: { cwd: inWork('sub'), script: inWork('sub/app.js') } }],
  '--namespace': [['--namespace', 'shop'], { namespace: 'shop' }],
  '--max-memory-restart': [['--max-memory-restart', '1G'], { limits: { maxMemoryBytes: 1024 ** 3 } }],
  '--max-restarts': [['--max-restarts', '3'], { policy: { maxRestarts: 3 } }],
  '--restart-delay': [['--restart-delay', '250'], { policy: { restartDelayMs: 250 } }],
  '--exp-backoff-restart-delay': [['--exp-backoff-restart-delay', '90'], { policy: { expBackoffRestartDelayMs: 90 } }],
  '--kill-timeout': [['-k', '3000'], { policy: { killTimeoutMs: 3000 } }],
  '--listen-timeout': [['--listen-timeout', '900'], { policy: { listenTimeoutMs: 900 } }],
  '--wait-ready': [['--wait-ready'], { policy: { waitReady: true } }],
  '--shutdown-with-message': [['--shutdown-with-message'], { policy: { shutdownWithMessage: true } }],
  '--stop-exit-codes': [['--stop-exit-codes', '0', '3'], { policy: { stopExitCodes: [0, 3] } }],
  '--cron-restart': [['-c', '0 4 * * *'], { triggers: { cron: { pattern: '0 4 * * *' } } }],
  '--no-autorestart': [['--no-autorestart'], { policy: { autorestart: false } }],
  '--no-autostart': [['--no-autostart'], { policy: { autostart: false } }],
  '--no-treekill': [['--no-treekill'], { policy: { treekill: false } }],
  '--pid': [['-p', 'app.pid'], { process: { pidFile: inWork('app.pid') } }],
  '--source-map-support': [['--disable-source-map-support'], { process: { sourceMaps: false } }],
};

/** They are about the command, not about an app: other tests have them. */
const OF_THE_COMMAND = [
  ...['--version', '--help', '--silent', '--mini-list', '--force', '--env', '--update-env', '--parallel', '--only'],
  ...['--user', '--hp', '--service-name', '--wait-ip', '--no-daemon', '--sort', '--attach', '--no-color'],
];
/** They need root, or take something away: tests of their own, below. */
const APART = ['--merge-logs', '--filter-env', '--uid', '--gid'];

test('every flag of PM2 that docs/pm2.md says is here is exercised', () => {
  const here = pm2Rows('Flags')
    .filter(({ verdict }) => verdict !== 'not supported')
    .map((row) => row.here);
  expect([...here].sort()).toEqual([...Object.keys(OF_AN_APP), ...OF_THE_COMMAND, ...APART].sort());
});

test.each(Object.entries(OF_AN_APP))('start with %s asks for what PM2 would do', async (_flag, [flags, spec]) => {
  expect(await startedWith(...flags)).toMatchObject(spec);
  const plain = await startedWithout();
  expect(plain).not.toMatchObject(spec);
});

/** In another home, so that it is the first start. */
async function startedWithout(): Promise<AppSpec> {
  asked.length = 0;
  return startedWith();
}

test('--merge-logs lets instances share their files', async () => {
  expect((await startedWith('-i', '2', '--merge-logs')).logs.merge).toBe(true);
  asked.length = 0;
  expect((await startedWith('-i', '2')).logs.merge).toBe(false);
});

test('--filter-env keeps variables of the shell from the app', async () => {
  expect((await startedWith('--filter-env', 'FROM_')).process.env).not.toHaveProperty('FROM_SHELL');
  expect((await startedWithout()).process.env).toMatchObject({ FROM_SHELL: 'yes' });
});

test('--uid and --gid are for root, and for users that there are', async () => {
  const { error } = await runCli(home, ['start', 'app.js', '--uid', 'no-such-user', '--gid', 'no-such-group']);
  expect(error).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringMatching(/uid.*gid/s) });
});
