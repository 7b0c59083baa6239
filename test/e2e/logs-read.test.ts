import { existsSync, readdirSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { fixture } from '../support/cli.ts';
import { writeLog } from '../support/log-segments.ts';
import { type TestHome, testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';

const AT_MS = Date.UTC(2026, 10, 25, 14, 0, 0);
const atNs = (seconds: number) => BigInt(AT_MS + seconds * 1000) * 1_000_000n;
const logOf = (home: TestHome, app: string, stream = 'out') =>
  path.join(home.root, 'home/logs', `${app}-${stream}.log`);

/** Two apps with lines by turns, a second apart, in packed, rolled and live files. */
function writeHistory(home: TestHome): void {
  writeLog(logOf(home, 'api'), [
    { content: 'api 0\n', index: [[0, atNs(0)]], kind: 'gzip' },
    { content: 'api 2\napi 2 too\n', index: [[0, atNs(2)]] },
    {
      content: 'api 4\napi 6',
      index: [
        [0, atNs(4)],
        [6, atNs(6)],
      ],
    },
  ]);
  writeLog(logOf(home, 'job'), [
    { content: 'job 1\n', index: [[0, atNs(1)]], kind: 'gzip' },
    { content: 'job 3\njob 3 too\n', index: [[0, atNs(3)]], kind: 'gzip' },
    { content: '' },
  ]);
  writeLog(logOf(home, 'job', 'error'), [{ content: 'job ouch 5\n', index: [[0, atNs(5)]] }]);
}

describe('logs without a daemon', () => {
  test('shows the lines of rolled and packed files, merged by time', async () => {
    const home = testHome();
    writeHistory(home);
    const texts = async (...args: string[]) => {
      const { stdout, stderr } = await home.ok(['logs', '--json', ...args]);
      expect(stderr).toContain('no daemon runs');
      return stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line).message);
    };
    expect(await texts()).toEqual([
      ...['api 0', 'job 1', 'api 2', 'api 2 too', 'job 3', 'job 3 too', 'api 4', 'job ouch 5', 'api 6'],
    ]);
    expect(await texts('--lines', '2')).toEqual(['job 3', 'job 3 too', 'api 4', 'job ouch 5', 'api 6']);
    expect(await texts('api', '--lines', '3')).toEqual(['api 2 too', 'api 4', 'api 6']);
    expect(await texts('--since', '2026-11-25T14:00:04Z')).toEqual(['api 4', 'job ouch 5', 'api 6']);
    expect(await texts('--until', '2026-11-25T14:00:01Z')).toEqual(['api 0', 'job 1']);
    expect(await texts('--since', '2026-11-25T14:00:02Z', '--until', String(AT_MS / 1000 + 3))).toEqual([
      ...['api 2', 'api 2 too', 'job 3'],
    ]);
    expect(await texts('--grep', 'too')).toEqual(['api 2 too', 'job 3 too']);
    expect(await texts('--grep', '/API [0-4]$/i', '--lines', '1')).toEqual(['api 4']);
    expect(await texts('--err')).toEqual(['job ouch 5']);
  });

  test('says who wrote a line and when, in each form', async () => {
    const home = testHome();
    writeHistory(home);
    const { stdout: json } = await home.ok(['logs', 'job', '--err', '--json']);
    expect(JSON.parse(json)).toEqual({
      message: 'job ouch 5',
      timestamp: '2026-11-25T14:00:05.000Z',
      type: 'err',
      process_id: null,
      app_name: 'job',
      namespace: '',
      slot: null,
    });
    const inUtc = { env: { TZ: 'UTC' } };
    const { stdout: pairs } = await home.ok(['logs', 'job', '--err', '--format'], inUtc);
    expect(pairs).toBe('timestamp=2026-11-25-14:00:05+0000 app=job id=- type=error message=job ouch 5\n');
    const { stdout: stamped } = await home.ok(['logs', 'job', '--err', '--timestamp'], inUtc);
    expect(stamped).toBe('*|job | 2026-11-25T14:00:05 job ouch 5\n');
    const { stdout: lit } = await home.ok(['logs', 'job', '--err', '--highlight', 'ouch'], {
      env: { FORCE_COLOR: '1' },
    });
    expect(lit).toContain('\u001b[7mouch\u001b[27m');
    const raw = await home.ok(['logs', 'job', '--raw', '--lines', '1', '--nostream']);
    expect(raw.stdout).toBe('job 3 too\n');
    expect(raw.stderr).toContain('job ouch 5\n');
  });

  test('prints where the files are', async () => {
    const home = testHome();
    writeHistory(home);
    const live = logOf(home, 'api');
    expect((await home.ok(['logs', 'api', '--path'])).stdout).toBe(`${live}\n${live}.d/\n`);
    const { stdout } = await home.ok(['logs', '--path', 'api', '--json']);
    expect(JSON.parse(stdout)).toMatchObject([{ path: live, folder: `${live}.d`, rolled: 2, app: 'api' }]);
  });

  test('cannot follow, and tells what it cannot read', async () => {
    const home = testHome();
    writeHistory(home);
    const followed = await home.run(['logs', 'api', '--follow', '--lines', '1']);
    expect([followed.code, followed.stdout]).toEqual([3, '*|api | api 6\n']);
    expect((await home.run(['logs', 'nobody'])).code).toBe(3);
    writeLog(logOf(home, 'torn'), [{ content: 'one\n', kind: 'gzip' }, { content: 'two\n' }]);
    truncateSync(path.join(`${logOf(home, 'torn')}.d`, '000000001.log.gz'), 15);
    const { stdout, stderr } = await home.ok(['logs', '--raw', '--lines', '9']);
    expect(stderr).toContain('torn-out.log: ');
    expect(stdout).toContain('api 6\n');
  });

  test('refuses nonsense by name and value', async () => {
    const home = testHome();
    for (const [option, value] of [
      ['--since', 'soon'],
      ['--until', '2026-02-30'],
      ['--lines', 'many'],
      ['--grep', '/(/'],
    ] as const) {
      const { code, stderr } = await home.run(['logs', option, value]);
      expect([code, stderr.includes(option), stderr.includes(`"${value}"`)]).toEqual([2, true, true]);
    }
  });
});

describe('logs of a daemon', () => {
  test('go from rolled files to the live one, and then to new lines that match', async () => {
    const home = testHome();
    writeLog(logOf(home, 'talks'), [
      { content: 'old 1\n', kind: 'gzip' },
      { content: 'old 2\n' },
      { content: 'old 3\n' },
    ]);
    await home.ok(['start', fixture('says-signals.cjs'), '--name', 'talks', '--namespace', 'chat']);
    await until(() => home.log('talks').includes('ready'), { what: 'the app hears signals' });
    const { stdout } = await home.ok(['logs', 'talks', '--nostream', '--raw']);
    expect(stdout).toMatch(/^old 1\nold 2\nold 3\n.*ready/);
    const follower = home.start(['logs', 'talks', '--grep', '/old [23]|SIGUSR2/', '--json']);
    await until(() => follower.stdout().includes('old 3'), { what: 'the past' });
    const follows = async () => {
      await home.ok(['sendSignal', 'SIGUSR2', 'talks']);
      return follower.stdout().includes('got SIGUSR2');
    };
    await until(follows, { what: 'a new line' });
    follower.signal('SIGINT');
    const { code, stdout: json } = await follower.ended;
    expect(code).toBe(0);
    const lines = json
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.slice(0, 3).map(({ message }) => message)).toEqual(['old 2', 'old 3', 'got SIGUSR2']);
    expect(lines[2]).toMatchObject({ process_id: 0, app_name: 'talks', namespace: 'chat', slot: 0, type: 'out' });
    expect(Math.abs(Date.parse(lines[2].timestamp) - Date.now())).toBeLessThan(60_000);
  });

  test('a long past is printed without a line missing or twice, while the app writes', async () => {
    const home = testHome();
    const past = Array.from({ length: 400_000 }, (_, line) => `past line ${line + 1}`);
    writeLog(logOf(home, 'counts'), [{ content: `${past.join('\n')}\n`, kind: 'gzip' }, { content: '' }]);
    await home.ok(['start', fixture('counts-on.cjs'), '--name', 'counts']);
    await until(() => home.log('counts').length > 50_000, { what: 'a file with something in it' });
    const follower = home.start(['logs', 'counts', '--lines', '1000000', '--raw']);
    const first = await until(() => follower.stdout().length > past.length * 14 && follower.stdout().length, {
      what: 'the past',
    });
    await until(() => follower.stdout().length > first + 500_000, { what: 'new lines' });
    follower.signal('SIGINT');
    const { code, stdout, stderr } = await follower.ended;
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout.slice(0, stdout.lastIndexOf('\n')).split('\n');
    const wrong = lines.findIndex((line, at) => line !== (past[at] ?? String(at - past.length + 1)));
    expect([wrong, lines[wrong - 1], lines[wrong]]).toEqual([-1, undefined, undefined]);
  });

  test('no line is missing or comes twice when the file is rolled and packed meanwhile', async () => {
    const home = testHome();
    const app = { name: 'counts', script: fixture('counts-on.cjs'), max_size: '20K', retain: 10_000 };
    await home.ok(['start', home.write('rolls.config.json', JSON.stringify({ apps: [app] }))]);
    const folder = `${logOf(home, 'counts')}.d`;
    const rolled = () => readdirSync(folder).filter((name) => /\.log/.test(name)).length;
    await until(() => rolled() > 5, { what: 'rolled files' });
    let seen = 0;
    for (let round = 0; round < 4; round++) {
      const follower = home.start(['logs', 'counts', '--lines', '1000000', '--raw']);
      const first = await until(() => follower.stdout().length, { what: 'the past' });
      const files = rolled();
      await until(() => rolled() > files && follower.stdout().length > first + 200_000, { what: 'new lines' });
      follower.signal('SIGINT');
      const { code, stdout, stderr } = await follower.ended;
      expect([code, stderr]).toEqual([0, '']);
      const numbers = stdout.slice(0, stdout.lastIndexOf('\n')).split('\n').map(Number);
      seen = numbers.length;
      const wrong = numbers.findIndex((number, at) => number !== at + 1);
      expect([wrong, numbers[wrong - 1], numbers[wrong]]).toEqual([-1, undefined, undefined]);
    }
    const since = await home.ok(['logs', 'counts', '--since', '1h', '--raw', '--nostream']);
    const all = since.stdout.trim().split('\n').map(Number);
    expect(all.findIndex((number, at) => number !== at + 1)).toBe(-1);
    expect(all.length).toBeGreaterThanOrEqual(seen);
  });

  test('flush removes the rolled files of its target, and says what that gave', async () => {
    const home = testHome();
    writeLog(logOf(home, 'talks'), [
      { content: 'old\n'.repeat(300_000), index: [[0, atNs(0)]] },
      { content: 'x', kind: 'gzip' },
      { content: 'live\n' },
    ]);
    writeLog(logOf(home, 'other'), [{ content: 'old\n' }, { content: 'live\n' }]);
    await home.ok(['start', fixture('says-signals.cjs'), '--name', 'talks']);
    await until(() => home.log('talks').includes('ready'), { what: 'the app hears signals' });
    const { stdout } = await home.ok(['flush', 'talks']);
    expect(stdout).toContain(`emptied ${logOf(home, 'talks')}\n`);
    expect(stdout).toMatch(/^1\.1mb freed$/m);
    const left = readdirSync(`${logOf(home, 'talks')}.d`).filter((name) => /\.log/.test(name));
    expect([left, home.log('talks')]).toEqual([[], '']);
    expect(existsSync(path.join(`${logOf(home, 'other')}.d`, '000000001.log'))).toBe(true);
    expect((await home.ok(['logs', 'talks', '--nostream', '--raw'])).stdout).toBe('');
    await until(async () => (await home.ok(['sendSignal', 'SIGUSR2', 'talks'])) && home.log('talks') !== '', {
      what: 'the app goes on writing',
    });
  });
});
