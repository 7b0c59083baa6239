import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { findPm2 } from '../../bench/lib/pm2.mjs';
import { freePort } from '../support/cluster.ts';
import { pm2In } from '../support/pm2.ts';
import { isRunning } from '../support/processes.ts';
import { type TestHome, testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';
import { askHttp } from '../support/wire.ts';

const program = await findPm2().catch((error: unknown) => {
  console.log(`skipped: the move from PM2 needs PM2 from npm: ${error}`);
  return '';
});

const SERVER = `
console.log('up', process.env.NODE_APP_INSTANCE);
require('node:http').createServer((_, answer) => answer.end(process.env.WHO + ' ' + process.env.NODE_APP_INSTANCE))
  .listen(Number(process.env.PORT), '127.0.0.1');
`;
/** Runs where PM2 is, and nowhere else. */
const LOYAL = `
if (process.env.PM2_HOME === undefined) process.exit(3);
setInterval(() => {}, 1000);
`;

async function answerOf(port: number): Promise<string> {
  return (await askHttp({ address: `127.0.0.1:${port}`, path: '/' })).body;
}

async function listed(home: TestHome): Promise<string[]> {
  return (await home.instances()).map(
    ({ id, app, slot, status, execMode }) => `${id} ${app}:${slot} ${status} ${execMode}`,
  );
}

/** What a switch must not change, of each process in a list. */
function seen(jlist: string): unknown[] {
  const rows = JSON.parse(jlist) as {
    name: string;
    pm2_env: Record<string, unknown> & { env: Record<string, string> };
  }[];
  const looks = rows.map(({ name, pm2_env: env }) => ({
    name,
    namespace: env['namespace'],
    status: env['status'],
    mode: env['exec_mode'],
    slot: env['NODE_APP_INSTANCE'],
    script: env['pm_exec_path'],
    cwd: env['pm_cwd'],
    autorestart: env['autorestart'],
    out: env['pm_out_log_path'],
    error: env['pm_err_log_path'],
    who: env.env['WHO'],
    secret: env.env['SECRET'],
    port: env.env['PORT'],
  }));
  // PM2 resurrects two at once: which comes first in its list is chance.
  const place = (look: (typeof looks)[number]) => `${look.name} ${look.slot}`;
  return looks.sort((a, b) => place(a).localeCompare(place(b)));
}

describe.skipIf(program === '')('migrate pm2', () => {
  test('moves what runs, app by app, as it was; one that does not come up goes back', async () => {
    const home = testHome();
    const pm2 = pm2In(home, program);
    const port = await freePort();
    const [server, loyal] = [home.write('server.js', SERVER), home.write('loyal.js', LOYAL)];
    await pm2.cli(['start', server, '--name', 'web', '-i', '2', '--kill-timeout', '900'], {
      PORT: String(port),
      WHO: 'me',
    });
    await pm2.cli(['start', loyal, '--name', 'loyal']);
    await pm2.cli(['start', 'sleep 1000', '--name', 'line', '--namespace', 'jobs']);
    await pm2.cli(['start', server, '--name', 'off', '--cron-restart', '0 4 * * *'], { PORT: '0' });
    await pm2.cli(['stop', 'off']);
    const before = await pm2.list();
    const run = { env: pm2.env };

    const plan = await home.ok(['migrate', 'pm2', '--dry-run'], run);
    expect(plan.stdout).toContain('4 apps of PM2 (pm2 jlist)');
    expect(plan.stdout).toMatch(
      new RegExp(`web: 2 of 2 up \\(PM2 id 0, 1\\)\\n  becomes cluster, node .*server\\.js\\n.*PORT ${port}`),
    );
    expect(plan.stdout).not.toContain('=me');
    expect(await pm2.list()).toEqual(before);
    expect((await home.run(['ping'])).code).toBe(3);

    const { code, stdout, stderr } = await home.run(['migrate', 'pm2'], run);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('1 of 4 apps were not moved') });
    expect(stdout).toMatch(/✓ web moved/);
    expect(stdout).toMatch(/✗ loyal did not come up and runs under PM2 again/);
    expect(await listed(home)).toEqual([
      '0 web:0 running cluster',
      '1 web:1 running cluster',
      '3 line:0 running fork',
      '4 off:0 stopped fork',
    ]);
    expect(await pm2.list()).toMatchObject([{ id: 2, name: 'loyal', status: 'online' }]);
    expect(await answerOf(port)).toMatch(/^me [01]$/);
    const web = (await home.get<{ instances: { spec: { policy: object; triggers: object } }[] }>('/v1/describe'))
      .instances;
    expect(web[0]?.spec.policy).toMatchObject({ killTimeoutMs: 900 });
    expect(web[3]?.spec.triggers).toMatchObject({ cron: { pattern: '0 4 * * *' } });
    const log = readFileSync(path.join(pm2.home, 'logs/web-out-1.log'), 'utf8');
    expect(log).toBe('up 1\nup 1\n');
  }, 120_000);

  test('switches and goes back: the same apps, environments and log files, and one supervisor at a time', async () => {
    const home = testHome();
    const pm2 = pm2In(home, program);
    const port = await freePort();
    const vars = { PORT: String(port), WHO: 'me', SECRET: 'kept' };
    await pm2.cli(['start', home.write('server.js', SERVER), '--name', 'web', '-i', '2'], vars);
    await pm2.cli(['start', 'sleep 1000', '--name', 'line', '--namespace', 'jobs', '--no-autorestart']);
    await pm2.cli(['stop', 'line']);
    const before = seen(await pm2.cli(['jlist']));
    expect(before).toMatchObject([
      { name: 'line', status: 'stopped', namespace: 'jobs' },
      { name: 'web', status: 'online', who: 'me', secret: 'kept' },
      { name: 'web', status: 'online', slot: 1 },
    ]);
    const god = Number(readFileSync(path.join(pm2.home, 'pm2.pid'), 'latin1'));

    const { stdout } = await home.ok(['migrate', 'pm2'], { env: pm2.env });
    expect(stdout).toContain('all apps run here now, and the daemon of PM2 has ended');
    await until(() => !isRunning(god), { what: 'PM2 is gone' });
    expect(existsSync(path.join(pm2.home, 'pm2.pid'))).toBe(false);
    expect(seen((await home.ok(['jlist'])).stdout)).toEqual(before);
    await until(async () => /^me [01]$/.test(await answerOf(port)), { what: 'it answers here' });

    await home.ok(['pm2', 'install-shim', '--dir', path.join(home.root, 'bin')]);
    const shimFirst = { ...pm2.env, PATH: `${path.join(home.root, 'bin')}:${pm2.env['PATH']}` };
    const back = await home.ok(['migrate', 'pm2', '--back'], { env: shimFirst });
    expect(back.stdout).toContain('all apps run under PM2 now');
    expect(await listed(home)).toEqual([]);
    expect(seen(await pm2.cli(['jlist']))).toEqual(before);
    await until(async () => /^me [01]$/.test(await answerOf(port)), { what: 'it answers there' });
    expect(statSync(path.join(pm2.home, 'dump.pm2')).size).toBeGreaterThan(100);
    expect(await home.run(['migrate', 'pm2', '--back'], { env: pm2.env })).toMatchObject({ code: 4 });
  }, 120_000);

  test('in one home what one has saved the other brings back, and both at once is refused', async () => {
    const home = testHome();
    const pm2 = pm2In(home, program);
    const vars = { PORT: String(await freePort()), WHO: 'me', SECRET: 'kept' };
    const ours = (...args: string[]) => home.ok(['pm2', '--', ...args], { env: { ...pm2.env, ...vars } });
    await ours('start', home.write('server.js', SERVER), '--name', 'web', '-i', '2');
    await ours('start', 'sleep 1000', '--name', 'line', '--no-autorestart');
    await ours('stop', 'line');
    await ours('save');
    const before = seen((await ours('jlist')).stdout);
    await ours('kill');

    await pm2.cli(['resurrect']);
    expect(seen(await pm2.cli(['jlist']))).toEqual(before);
    const refused = await home.run(['pm2', '--', 'list'], { env: pm2.env });
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('PM2 itself runs in') });
    await pm2.cli(['save']);
    await pm2.cli(['kill']);

    expect((await ours('resurrect')).stdout).toContain('[PM2] Process');
    expect(seen((await ours('jlist')).stdout)).toEqual(before);
    await ours('kill');
  }, 120_000);

  test('of a PM2 that does not run starts what it saved, and never evaluates what it reads', async () => {
    const home = testHome();
    const pm2 = pm2In(home, program);
    const port = await freePort();
    await pm2.cli(['start', home.write('server.js', SERVER), '--name', 'web', '-i', '2'], {
      PORT: String(port),
      WHO: 'me',
    });
    await pm2.cli(['save']);
    await pm2.cli(['kill']);
    const dump = path.join(pm2.home, 'dump.pm2');
    const text = readFileSync(dump, 'utf8');
    const trap = path.join(home.root, 'trap');
    writeFileSync(dump, `require('node:fs').writeFileSync('${trap}', ''), ${text}`);
    const refused = await home.run(['migrate', 'pm2', '--home', pm2.home]);
    expect({ code: refused.code, trap: existsSync(trap) }).toEqual({ code: 2, trap: false });
    expect(refused.stderr).toContain('dump.pm2: expected JSON');
    writeFileSync(dump, text);

    const { stdout } = await home.ok(['migrate', 'pm2', '--home', pm2.home]);
    expect(stdout).toContain('PM2 does not run');
    expect(await listed(home)).toEqual(['0 web:0 running cluster', '1 web:1 running cluster']);
    await until(async () => /^me [01]$/.test(await answerOf(port)), { what: 'it answers' });
    expect(readFileSync(dump, 'utf8')).toBe(text);
    const again = await home.run(['migrate', 'pm2', '--home', pm2.home]);
    expect(again).toMatchObject({ code: 1, stdout: expect.stringContaining('is here already') });
    expect(existsSync(path.join(pm2.home, 'pm2.pid'))).toBe(false);
  }, 90_000);

  test('takes what an ecosystem file says of an app, and says what it cannot do', async () => {
    const home = testHome();
    const entry = {
      name: 'web',
      pm_exec_path: home.write('server.js', SERVER),
      pm_cwd: home.work,
      exec_interpreter: 'node',
    };
    const dump = [
      { ...entry, exec_mode: 'fork_mode', status: 'online', env: { PORT: '0', WHO: 'dump' } },
      { ...entry, name: 'gone', pm_exec_path: '/no/such.js', exec_mode: 'fork_mode', status: 'online', env: {} },
      { ...entry, name: 'module', pmx_module: true, status: 'online', env: {} },
    ];
    home.write('pm2/dump.pm2', JSON.stringify(dump));
    const file = home.write(
      'ecosystem.config.json',
      JSON.stringify({ apps: [{ name: 'web', script: 'server.js', env: { PORT: '0', WHO: 'file' } }] }),
    );
    const { code, stdout } = await home.run(['migrate', 'pm2', file, '--home', path.join(home.work, 'pm2')]);
    expect(code).toBe(1);
    expect(stdout).toContain('as the ecosystem file has it');
    expect(stdout).toMatch(/✗ gone stays where it is: .*\/no\/such\.js/);
    expect(stdout).toMatch(/✗ module stays where it is: it is part of PM2 itself/);
    expect((await home.ok(['env', 'web'])).stdout).toContain('WHO: file');
    expect(await home.run(['migrate', 'pm3'])).toMatchObject({ code: 2 });
    expect(await home.run(['migrate', 'pm2', '--home', home.root])).toMatchObject({ code: 4 });
  });
});
