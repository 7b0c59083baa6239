import { spawn } from 'node:child_process';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PROGRAM } from '../support/cli.ts';
import { needsPrograms } from '../support/programs.ts';
import { type TestHome, testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';

const ENTER = '\u001b[?1049h';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const TICKS = "console.log('the first line');\nsetInterval(() => console.log('tick'), 100);\n";

interface OnTerminal {
  shown(): string;
  type(keys: string): void;
  /** Exit code of the command. */
  readonly ended: Promise<number | null>;
}

/** Runs `monit` on a terminal of its own, 80 columns wide. */
function monitOf(home: TestHome): OnTerminal {
  const line = `stty cols 80 rows 24; exec ${process.execPath} ${PROGRAM} monit`;
  const child = spawn('script', ['--quiet', '--return', '--command', line, '/dev/null'], {
    env: { ...home.env, TERM: 'xterm-256color' },
    cwd: home.work,
    stdio: 'pipe',
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  child.stdin.on('error', () => {});
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { shown: () => text, type: (keys) => void child.stdin.write(keys), ended };
}

describe('monit', () => {
  test('shows apps and their log, acts on a key, and gives the terminal back', async (context) => {
    needsPrograms(context, 'script', 'stty');
    const home = testHome();
    await home.ok(['start', home.write('ticks.cjs', TICKS)]);
    const { pid } = await home.instance('ticks');
    const monit = monitOf(home);
    await until(() => monit.shown().includes('the first line'), { what: 'the log is there' });
    expect(monit.shown().startsWith(ENTER)).toBe(true);
    expect(monit.shown()).toContain('1 of 1 up');
    monit.type('r');
    await until(() => monit.shown().includes('restart ticks:0? y/n'), { what: 'it asks' });
    monit.type('y');
    await until(() => monit.shown().includes('restarted, pid'), { what: 'it says what it did' });
    expect((await home.instance('ticks')).pid).not.toBe(pid);
    monit.type('q');
    expect(await monit.ended).toBe(0);
    expect(monit.shown().endsWith(LEAVE)).toBe(true);
  });

  test('ends with the terminal as it was when the daemon goes for good', async (context) => {
    needsPrograms(context, 'script', 'stty');
    const home = testHome();
    await home.ok(['start', home.write('ticks.cjs', TICKS)]);
    const monit = monitOf(home);
    await until(() => monit.shown().includes('1 of 1 up'), { what: 'the list is there' });
    await home.ok(['kill']);
    expect(await monit.ended).toBe(3);
    expect(monit.shown()).toContain('no daemon answers');
    expect(monit.shown().slice(monit.shown().lastIndexOf(LEAVE) + LEAVE.length)).toContain('no daemon runs');
  });

  test('refuses where there is no terminal', async () => {
    const home = testHome();
    const { code, stdout, stderr } = await home.run(['monit']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('monit: expected a terminal on stdin and stdout');
  });
});
