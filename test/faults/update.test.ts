import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { gapsIn } from '../support/adoption.ts';
import { appOf, startApps, untilExits, untilStatus } from '../support/apps.ts';
import { PROGRAM } from '../support/cli.ts';
import { freePort } from '../support/cluster.ts';
import { startLoad } from '../support/load.ts';
import { otherBuild } from '../support/other-build.ts';
import { type TestHome, testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';
import { askHttp } from '../support/wire.ts';

const run = promisify(execFile);

/** The CLI of a previous build on the same home. */
function previous(home: TestHome): (...args: readonly string[]) => Promise<string> {
  const program = otherBuild(path.join(home.root, 'previous'), '0.0.9');
  return async (...args) => {
    const { stdout } = await run(process.execPath, [program, ...args], { env: home.env, cwd: home.work });
    return stdout;
  };
}

async function pidsOf(home: TestHome): Promise<readonly (number | null)[]> {
  return (await home.instances()).map(({ pid }) => pid);
}

describe('update', () => {
  test('from the previous build: no request, process, line or counter is lost, and hosts say what they are', async () => {
    const home = testHome();
    const old = previous(home);
    const port = await freePort();
    const apps = [
      appOf('web', 'numbers.cjs', { instances: 2, exec_mode: 'cluster', env: { PORT: String(port) } }),
      appOf('node', 'numbers.cjs'),
      appOf('bare', 'numbers.cjs', { agent: false }),
      appOf('bash', 'numbers.sh'),
      appOf('python', 'numbers.py'),
      appOf('halves', 'half-lines.sh'),
      appOf('crashed', 'crash-after.sh', { args: ['0.05', '1'], max_restarts: 2 }),
    ];
    // It exits with 1, as one of them crashes.
    await old('start', home.write('ecosystem.config.json', JSON.stringify({ apps }))).catch(() => {});
    await untilStatus(home, 'crashed', 'fatal');
    expect(await home.ping()).toMatchObject({ version: '0.0.9' });
    const before = await pidsOf(home);
    const counted = { app: 'crashed', reason: 'error_code' };
    const load = startLoad({ url: `http://127.0.0.1:${port}/`, keepAlive: true, perSecond: 300 });
    const { version } = JSON.parse(readFileSync(path.join(PROGRAM, '../../../package.json'), 'utf8'));
    for (let round = 0; round < 3; round++) {
      const sent = load.requests;
      await until(() => load.requests > sent + 60, { what: 'requests before the update' });
      const { stdout } = await home.ok(['update']);
      expect(stdout).toMatch(round === 0 ? /daemon 0\.0\.9 \(pid \d+\) replaced by/ : / replaced by /);
      expect(stdout).toContain('7 processes taken over');
    }
    const list = await home.ok(['list'], { env: { COLUMNS: '120' } });
    expect(list.stdout).toContain('web: its cluster host is of promvisor 0.0.9 until the app is restarted');
    expect((await home.ok(['describe', '0'])).stdout).toContain('promvisor 0.0.9');
    const { failed, requests } = await load.stop();
    expect(failed).toBe(0);
    expect(requests).toBeGreaterThan(180);
    expect(await pidsOf(home)).toEqual(before);
    expect(await home.ping()).toMatchObject({ version, adopted: 7 });
    expect((await home.instances()).map(({ restarts }) => restarts)).toEqual([0, 0, 0, 0, 0, 0, 0, 1]);
    expect(await home.metric('promvisor_instance_exits_total', counted)).toBe(2);
    for (const [app, id] of [['web', 0], ['web', 1], ['node'], ['bare'], ['bash'], ['python'], ['halves']] as const) {
      const { lines, missing, repeated } = gapsIn(home.log(app, 'out', id));
      expect({ app, missing, repeated }).toEqual({ app, missing: 0, repeated: 0 });
      expect(lines).toBeGreaterThan(10);
    }
    const torn = home
      .log('halves')
      .split('\n')
      .slice(0, -1)
      .filter((line) => !/^line \d+$/.test(line));
    expect(torn).toEqual([]);
    await home.ok(['restart', 'web']);
    await until(async () => (await home.instances()).slice(0, 2).every(({ hostVersion }) => hostVersion === version), {
      what: 'the host is of this version',
    });
    expect((await home.ok(['list'])).stdout).not.toContain('0.0.9');
  });

  test('ends what listens with a reason, and lets what was told to it go on', async () => {
    const home = testHome();
    await startApps(home, [appOf('app', 'waits.sh')]);
    const following = home.start(['logs', 'app', '--follow']);
    await until(() => following.stdout() !== '', { what: 'logs has begun' });
    const starting = home.start([
      'start',
      home.write(
        'told.cjs',
        "process.on('SIGUSR2', () => process.send('ready')); setInterval(() => {}, 1000); console.log('up')",
      ),
      '--wait-ready',
      '--listen-timeout',
      '60000',
      '--name',
      'slow',
    ]);
    await until(() => home.log('slow').includes('up'), { what: 'it can be told' });
    const { pid } = await home.instance('slow');
    await home.ok(['update']);
    expect(await starting.ended).toMatchObject({ code: 1, stderr: expect.stringContaining('is being replaced') });
    expect((await following.ended).stderr).toContain('is being replaced');
    expect((await home.instance('slow')).status).toBe('starting');
    process.kill(pid ?? 0, 'SIGUSR2');
    expect((await untilStatus(home, 'slow', 'running')).pid).toBe(pid);
  });

  test('to a version that cannot read the state is refused, and the daemon stays', async () => {
    const home = testHome();
    await home.ok(['start', home.write('app.sh', '#!/bin/sh\nexec sleep 600\n'), '--name', 'app']);
    const { pid } = await home.ping();
    const socketPath = path.join(home.root, 'home/run/daemon.sock');
    const { status, body } = await askHttp({ socketPath, path: '/v1/leave?state=0', method: 'POST', body: '{}' });
    expect({ status: status >= 400, body }).toEqual({ status: true, body: expect.stringContaining('STATE_NEWER') });
    expect(body).toContain('knows 0');
    expect((await home.ping()).pid).toBe(pid);
  });

  test('of a daemon in the foreground is refused: whoever waits for it would take that for the end', async () => {
    const home = testHome();
    const daemon = home.start(['--no-daemon']);
    await until(() => home.ping(), { what: 'the daemon answers' });
    const refused = await home.run(['update']);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('in the foreground') });
    expect((await home.run(['ping'])).code).toBe(0);
    daemon.signal('SIGTERM');
    await daemon.ended;
  });

  test('without a daemon starts one; a death under the next daemon is noticed', async () => {
    const home = testHome();
    expect((await home.ok(['update'])).stdout).toContain('no daemon ran');
    await startApps(home, [appOf('app', 'waits.sh')]);
    await home.ok(['updatePM2']);
    process.kill((await home.instance('app')).pid ?? 0, 'SIGKILL');
    await untilExits(home, { app: 'app', reason: 'unknown' });
    await untilStatus(home, 'app', 'running');
  });
});
