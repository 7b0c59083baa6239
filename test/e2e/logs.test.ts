import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { fixture, PROGRAM } from '../support/cli.ts';
import { testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';

const numbersIn = (text: string) => text.slice(0, text.lastIndexOf('\n')).split('\n').map(Number);

describe('logs', () => {
  test('goes from the file to the stream without a line missing or twice, while the app writes', async () => {
    const home = testHome();
    await home.ok(['start', fixture('counts-on.cjs'), '--name', 'counts']);
    await until(() => home.log('counts').length > 50_000, { what: 'a file with something in it' });
    const followers = [1, 2, 3].map(() => home.start(['logs', 'counts', '--lines', '1000000', '--raw']));
    for (const follower of followers) {
      const first = await until(() => follower.stdout().length, { what: 'the end of the file' });
      await until(() => follower.stdout().length > first + 100_000, { what: 'lines from the stream' });
      follower.signal('SIGINT');
      const { code, stdout, stderr } = await follower.ended;
      expect([code, stderr]).toEqual([0, '']);
      const numbers = numbersIn(stdout);
      const wrong = numbers.findIndex((number, index) => number !== index + 1);
      expect([wrong, numbers[wrong - 1], numbers[wrong]]).toEqual([-1, undefined, undefined]);
    }
  });

  test('ends quietly when nobody reads on', async () => {
    const home = testHome();
    await home.ok(['start', fixture('counts-on.cjs'), '--name', 'counts']);
    const line = `'${process.execPath}' '${PROGRAM}' logs counts | head -n 3; exit "\${PIPESTATUS[0]}"`;
    const shell = spawn('bash', ['-c', line], { env: { ...home.env }, stdio: ['ignore', 'ignore', 'pipe'] });
    let complaints = '';
    shell.stderr.on('data', (chunk) => {
      complaints += String(chunk);
    });
    const [code] = await once(shell, 'close');
    expect([code, complaints]).toEqual([0, '']);
  });

  test('says that the daemon is gone when it goes', async () => {
    const home = testHome();
    await home.ok(['start', fixture('says-signals.cjs'), '--name', 'talks']);
    await until(() => home.log('talks').includes('ready'), { what: 'the app hears signals' });
    const follower = home.start(['logs', 'talks', '--lines', '0']);
    const follows = async () => {
      await home.ok(['sendSignal', 'SIGUSR2', 'talks']);
      return follower.stdout().includes('got SIGUSR2');
    };
    await until(follows, { what: 'the follower is connected' });
    await home.ok(['kill']);
    const { code, stderr } = await follower.ended;
    expect(code).toBe(3);
    expect(stderr).toContain('no daemon');
  });

  test('marks lines with who wrote them, and sends them as JSON', async () => {
    const home = testHome();
    await home.ok(['start', fixture('prints-lines.cjs'), '--name', 'lines', '--no-autorestart', '--', '10']);
    await until(() => home.log('lines', 'error') !== '', { what: 'the error line' });
    const { stdout } = await home.ok(['logs', 'lines', '--nostream', '--lines', '1']);
    expect(stdout).toContain('0|lines | line 10\n');
    expect(stdout).toContain('0|lines | error line 10\n');
    const { stdout: json } = await home.ok(['logs', 'lines', '--nostream', '--lines', '1', '--json', '--err']);
    expect(JSON.parse(json)).toMatchObject({ message: 'error line 10', type: 'err', process_id: 0, app_name: 'lines' });
    const raw = await home.ok(['logs', 'lines', '--nostream', '--lines', '1', '--raw']);
    expect([raw.stdout, raw.stderr]).toEqual(['line 10\n', 'error line 10\n']);
  });
});
