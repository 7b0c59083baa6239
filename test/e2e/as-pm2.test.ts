import { existsSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PROGRAM } from '../support/cli.ts';
import { pm2Home } from '../support/pm2-shim.ts';
import { testHome } from '../support/test-home.ts';

describe('as pm2', () => {
  test('its files: dump.pm2 for the owner only, pm2.pid as long as the daemon is there', async () => {
    const { home, env } = await pm2Home();
    const file = (name: string) => path.join(env['PM2_HOME'] ?? '', name);
    home.write('app.js', 'setInterval(() => {}, 1000);');
    for (const args of [['start', 'app.js'], ['save']]) await home.ok(['pm2', '--', ...args], { env });
    expect(existsSync(file('pm2.pid'))).toBe(true);
    await home.ok(['pm2', '--', 'kill'], { env });
    expect(existsSync(file('pm2.pid'))).toBe(false);
    expect(statSync(file('dump.pm2')).mode & 0o777).toBe(0o600);
  });

  test('by promvisor pm2 -- ARGS; not where PM2 itself runs', async () => {
    const home = testHome({ PM2_DISCRETE_MODE: 'true' });
    const env = { PM2_HOME: path.join(home.root, 'home') };
    mkdirSync(env.PM2_HOME, { mode: 0o700 });
    const god = createServer().listen(path.join(env.PM2_HOME, 'rpc.sock'));
    onTestFinished(() => void god.close());
    writeFileSync(path.join(env.PM2_HOME, 'pm2.pid'), '4242');
    const refused = await home.run(['pm2', '--', 'list'], { env });
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain(`[PM2][ERROR] PM2 itself runs in ${env.PM2_HOME} (pid 4242)`);
    expect(readFileSync(path.join(env.PM2_HOME, 'pm2.pid'), 'utf8')).toBe('4242');
    await new Promise((resolve) => god.close(resolve));

    expect(await home.run(['pm2', '--', 'ping'], { env })).toMatchObject({ code: 0, stdout: "{ msg: 'pong' }\n" });
    expect(readFileSync(path.join(env.PM2_HOME, 'pm2.pid'), 'utf8')).toBe(String((await home.ping()).pid));
    const silent = await home.run(['pm2', '--', 'start', 'no.js'], { env: { ...env, PM2_SILENT: 'true' } });
    expect(silent).toMatchObject({ code: 1, stdout: '', stderr: '' });
    expect(await home.run(['pm2', '--', 'jlist'], { env })).toMatchObject({ code: 0, stdout: '[]' });

    // Without effect on a script, as under PM2.
    home.write('app.js', 'setInterval(() => {}, 1000);');
    const started = await home.run(['pm2', '--', 'start', 'app.js', '--env', 'production'], { env });
    expect(started).toMatchObject({ code: 0, stdout: expect.stringContaining('in fork_mode (1 instance)') });
  });
});

describe('pm2 install-shim', () => {
  test('makes the link, leaves a real PM2 alone, keeps what it replaces and puts it back', async () => {
    const home = testHome();
    const bin = path.join(home.root, 'bin');
    const link = path.join(bin, 'pm2');
    const made = await home.ok(['pm2', 'install-shim', '--dir', bin]);
    expect(made.stdout).toContain(`${link} is promvisor now (${PROGRAM})`);
    expect(made.stdout).toContain('is not in PATH');
    expect(await home.run(['pm2', 'install-shim', '--dir', bin])).toMatchObject({ code: 0 });
    await home.ok(['pm2', 'uninstall-shim', '--dir', bin]);
    expect(existsSync(link)).toBe(false);
    expect(await home.run(['pm2', 'uninstall-shim', '--dir', bin])).toMatchObject({ code: 4 });

    symlinkSync('../lib/node_modules/pm2/bin/pm2', link);
    const refused = await home.run(['pm2', 'install-shim', '--dir', bin]);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('--force puts it aside') });
    await home.ok(['pm2', 'install-shim', '--dir', bin, '--force']);
    expect(lstatSync(path.join(bin, 'pm2.before-promvisor')).isSymbolicLink()).toBe(true);
    const back = await home.ok(['pm2', 'uninstall-shim', '--dir', bin]);
    expect(back.stdout).toContain('is again what it was');
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(existsSync(path.join(bin, 'pm2.before-promvisor'))).toBe(false);
    expect(await home.run(['pm2', 'nonsense'])).toMatchObject({ code: 2 });
  });
});
