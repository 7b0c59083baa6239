import { describe, expect, test } from 'vitest';
import { shellVariables } from '../../src/config/env.ts';
import { createFindings } from '../../src/config/findings.ts';
import { examineApps, resolveApps } from '../../src/config/resolve.ts';
import { staticApps } from '../../src/config/static-server.ts';
import { commandIn, errorOf, folder, problemsOf, resolveOne } from '../support/config.ts';

function served(entries: unknown): { readonly apps: readonly unknown[]; readonly told: readonly string[] } {
  const findings = createFindings('x.json');
  const apps = staticApps(entries, findings.about(null));
  const told = [...findings.problems, ...findings.remarks].map(({ message }) => message);
  return { apps, told };
}

describe('what PM2 does with a file', () => {
  test.each([
    [{ port: 1 }, '1'],
    [{ port: 1, env: { PORT: 2 } }, '1'],
    [{ port: 1, env: { PORT: 2 }, env_prod: { PORT: 3 } }, '3'],
  ])('%j: PORT is %s', async (app, port) => {
    const { spec } = await resolveOne(app, { envName: 'prod' });
    expect(spec.process.env['PORT']).toBe(port);
  });

  test("'null' as text takes an attribute away, too", async () => {
    const { spec } = await resolveOne({ cron_restart: 'null', args: 'null', max_memory_restart: null });
    expect(spec).toMatchObject({
      triggers: { cron: null },
      process: { args: [] },
      limits: { maxMemoryBytes: null },
    });
  });

  test('variables of the file are known from those of the shell', async () => {
    const app = { env: { A: 1, GONE: null }, env_prod: { B: 2 }, port: 3 };
    const { spec } = await resolveOne(app, { envName: 'prod' });
    expect(spec.process.ownVariables).toEqual(['A', 'PORT', 'B']);
    expect((await resolveOne({})).spec.process.ownVariables).toBeUndefined();
  });

  test('a variable that counts up begins with a number', async () => {
    const error = await errorOf(resolveOne({ increment_var: 'PORT', env: { PORT: 'x-secret' } }));
    expect(problemsOf(error)).toMatchObject([{ key: 'increment_var', value: '"PORT"' }]);
    expect(error.message).not.toContain('x-secret');
    expect((await resolveOne({ increment_var: 'PORT' })).spec.process.incrementVar).toBe('PORT');
  });

  test.each([
    ['true', true],
    ['1', true],
    ['false', false],
    ['', false],
  ])('PM2_KILL_USE_MESSAGE=%s: %s', async (value, isAsked) => {
    const { spec } = await resolveOne({}, { env: { PATH: '/bin', PM2_KILL_USE_MESSAGE: value } });
    expect(spec.policy.shutdownWithMessage).toBe(isAsked);
  });

  test('a shell within a supervised app passes nothing of that app on', () => {
    const shell = { pm_id: '1', name: 'outer', status: 'x', unique_id: 'u', restart_time: '3', OTHER: 'y' };
    expect(shellVariables(shell, undefined)).toEqual({ OTHER: 'y' });
    expect(shellVariables({ name: 'mine', OTHER: 'y' }, undefined)).toEqual({ name: 'mine', OTHER: 'y' });
  });

  test('keys without effect are noted where they ask for something, and never at a start', async () => {
    const raw = { apps: [{ script: './app.js', vizion: true, pmx: false, windowsHide: true }], deploy: { a: {} } };
    const context = commandIn(folder({ 'app.js': '' }));
    const { remarks } = await examineApps(raw, context);
    expect(remarks.map(({ level, key }) => `${level} ${key}`)).toEqual([
      'note deploy',
      'note vizion',
      'note windowsHide',
    ]);
    expect((await resolveApps(raw, context)).warnings).toEqual([]);
  });
});

describe('static servers', () => {
  test('each entry is an app that is told by variables', () => {
    const basic_auth = { username: 'u', password: 'p' };
    expect(served([{ path: './public', port: 8081, spa: true, host: '::1', basic_auth }, { name: 'docs' }])).toEqual({
      told: [],
      apps: [
        {
          name: 'static-page-server-8081',
          script: 'serve',
          wait_ready: true,
          env: {
            PM2_SERVE_PATH: './public',
            PM2_SERVE_PORT: 8081,
            PM2_SERVE_SPA: true,
            PM2_SERVE_HOST: '::1',
            PM2_SERVE_BASIC_AUTH: true,
            PM2_SERVE_BASIC_AUTH_USERNAME: 'u',
            PM2_SERVE_BASIC_AUTH_PASSWORD: 'p',
          },
        },
        { name: 'docs', script: 'serve', wait_ready: true, env: {} },
      ],
    });
  });

  test('what is no entry is told', () => {
    expect(served('./public').told).toEqual([
      'static[0]: expected an object such as { path: "./public", port: 8080, spa: true }, got "./public" (x.json)',
    ]);
    expect(served({ pth: 'x' }).told[0]).toContain('static[0]: key "pth" is ignored, known are path, port, ');
  });

  test('without the program of the server, which stands beside the built command, they are refused', async () => {
    const error = await errorOf(resolveApps({ static: [{ port: 1 }] }, commandIn(folder())));
    expect(error.message).toContain(
      'script: expected a script, as this build has no server of static files, got "serve"',
    );
  });
});
