import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type * as Client from '../../src/client/promvisor.ts';
import { testHome } from '../support/test-home.ts';

const FOLDER = path.join(import.meta.dirname, '../../dist/app');
// The built package, as programs get it.
const { connect, PromvisorError } = (await import(path.join(FOLDER, 'promvisor.mjs'))) as typeof Client;

const TICKS = "setInterval(() => console.log(process.env.WHO ?? 'tick'), 50);\n";

async function codeOf(work: Promise<unknown>): Promise<Client.ErrorCode | 'none'> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error !== null && !(error instanceof PromvisorError)) throw error;
  return error?.code ?? 'none';
}

/** A daemon that this process starts has its environment, not that of the home. */
function inherit(env: Readonly<Record<string, string>>): void {
  const before = { ...process.env };
  Object.assign(process.env, env);
  onTestFinished(() => {
    for (const name of Object.keys(env)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  });
}

describe("import { connect } from 'promvisor'", () => {
  test('is one thing for both kinds of modules', () => {
    const program = `
      import { createRequire } from 'node:module';
      import * as imported from ${JSON.stringify(path.join(FOLDER, 'promvisor.mjs'))};
      const required = createRequire(import.meta.url)(${JSON.stringify(path.join(FOLDER, 'promvisor.cjs'))});
      console.log(Object.keys(imported).map((name) => name + ' ' + (imported[name] === required[name])).join(', '));
    `;
    const said = execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' });
    expect(said.trim()).toBe('PromvisorError true, connect true');
  });

  test('starts a daemon only when asked; then apps are started, changed, listened to and deleted', async () => {
    const testedHome = testHome();
    inherit(testedHome.env);
    const home = path.join(testedHome.root, 'home');
    expect(await codeOf(connect({ home }))).toBe('NO_DAEMON');
    const promvisor = await connect({ home, start: true });
    expect(promvisor.daemon.pid).toBe((await testedHome.ping()).pid);

    const events: string[] = [];
    const heard = (async () => {
      for await (const event of promvisor.events({ targets: 'web' })) {
        if (event.type === 'transition') events.push(`${event.slot} ${event.to}`);
      }
    })();
    const script = testedHome.write('ticks.cjs', TICKS);
    const started = await promvisor.start({ script, name: 'web', instances: 2, exec_mode: 'fork' });
    expect(started.map(({ ok, app, slot, status }) => [ok, app, slot, status])).toEqual([
      [true, 'web', 0, 'running'],
      [true, 'web', 1, 'running'],
    ]);
    for await (const line of await promvisor.logs('web')) {
      expect(line).toMatchObject({ app: 'web', stream: 'out', text: 'tick' });
      break;
    }
    await promvisor.restart(0, { env: { WHO: 'changed' } });
    for await (const line of await promvisor.logs(0)) {
      expect(line.text).toBe('changed');
      break;
    }
    const [reloaded] = await promvisor.reload(1);
    const [listed] = await promvisor.list(1);
    expect(listed).toMatchObject({ pid: reloaded?.pid, restarts: 1, status: 'running' });
    const [described] = await promvisor.describe('web');
    expect(described?.logs.out).toBe(path.join(home, 'logs/web-out-0.log'));
    expect((await promvisor.stop('web')).map(({ status }) => status)).toEqual(['stopped', 'stopped']);
    await promvisor.delete('web');
    expect(await promvisor.list()).toEqual([]);

    const logs = await promvisor.logs();
    const over = (async () => {
      for await (const line of logs) throw new Error(`expected no line, got ${line.text}`);
    })();
    promvisor.close();
    await Promise.all([heard, over]);
    expect(events).toEqual(expect.arrayContaining(['0 starting', '0 running', '1 running', '0 stopped']));
    expect(await codeOf(promvisor.list())).toBe('USAGE');
  });

  test('says what is wrong by a code', async () => {
    const testedHome = testHome();
    const idle = testedHome.write('idle.cjs', 'setInterval(() => {}, 1000);\n');
    await testedHome.ok(['start', idle]);
    const promvisor = await connect({ home: path.join(testedHome.root, 'home') });
    expect(await codeOf(promvisor.stop('nosuch'))).toBe('NOT_FOUND');
    expect(await codeOf(promvisor.stop('/(/'))).toBe('REQUEST_INVALID');
    expect(await codeOf(promvisor.stop([]))).toBe('USAGE');
    expect(await codeOf(promvisor.start({ script: path.join(testedHome.work, 'none.js') }))).toBe('CONFIG_INVALID');
    expect(await codeOf(promvisor.start(path.join(testedHome.work, 'none.config.cjs')))).toBe('CONFIG_NOT_FOUND');
    expect(await codeOf(promvisor.start({ script: idle }, { existing: 'refuse' }))).toBe('ALREADY_RUNNING');
    const broken = { script: testedHome.write('broken.cjs', "throw new Error('broken');\n") };
    const error = await promvisor.start(broken).catch((reason: Client.PromvisorError) => reason);
    expect(error).toMatchObject({
      code: 'START_FAILED',
      message: expect.stringMatching(/^broken:0 \(id 1\): died: uncaught/),
    });
    // One that ends together with the daemon is told so.
    const events = promvisor.events()[Symbol.asyncIterator]();
    const next = events.next();
    await testedHome.ok(['kill']);
    await next;
    const end = (async () => {
      for (;;) if ((await events.next()).done === true) return;
    })();
    expect(['none', 'PROTOCOL', 'SHUTTING_DOWN']).toContain(await codeOf(end));
    expect(await codeOf(promvisor.list())).toBe('NO_DAEMON');
  });
});
