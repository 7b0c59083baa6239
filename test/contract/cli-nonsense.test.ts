import { writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ERROR_CODES } from '../../src/base/errors.ts';
import { fakeDaemon, privateHome, problem } from '../support/fake-daemon.ts';
import { runCli, workFolder } from '../support/in-process-cli.ts';

const COMMANDS = [
  ...[
    'start',
    'restart',
    'stop',
    'delete',
    'del',
    'describe',
    'show',
    'why',
    'env',
    'id',
    'pid',
    'reset',
    'logs',
    'log',
  ],
  ...['flush', 'sendSignal', 'jlist', 'prettylist', 'list', 'ping', 'kill', 'reload', 'frobnicate', '', 'constructor'],
];
const FLAGS = [
  ...[
    '--json',
    '-s',
    '--no-color',
    '--nope',
    '-i',
    '--name',
    '-n',
    '--watch',
    '--max-memory-restart',
    '--lines',
    '--only',
  ],
  ...[
    '--env',
    '--cron-restart',
    '-k',
    '--node-args',
    '--stop-exit-codes',
    '--interpreter',
    '-f',
    '-a',
    '--watch-delay',
  ],
  ...['--since', '--until', '--grep', '--follow', '--highlight', '--format', '--path', '--nostream'],
  ...['--timestamp', '--no-autorestart', '-x', '--uid', '--instances=-3', '--name=', '--=', '---', '-', '--__proto__'],
];
const VALUES = [
  '',
  '0',
  '-1',
  'max',
  '1e99',
  'all',
  '/(/',
  '/x/',
  '*/5 * * * *',
  'a b',
  '../..',
  'bad.config.json',
  '世界',
  '\u001b[2J',
];

const word = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'grapheme', maxLength: 10 }),
  fc.constantFrom(...COMMANDS, ...FLAGS, ...VALUES),
);
const line = fc
  .tuple(
    fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...COMMANDS) }, { weight: 1, arbitrary: word }),
    fc.array(word, { maxLength: 5 }),
  )
  .map(([command, rest]) => [command, ...rest])
  // Help is what was asked for there; stdin and the terminal belong to the test runner.
  .filter((argv) => !argv.some((each) => /^(-|--no-daemon|--help|-v|--version)$/.test(each) || /^-\w*[hv]/.test(each)));

test('400 command lines that mean nothing end with a code of the table and a message, never with a stack', async () => {
  const home = privateHome();
  await fakeDaemon(home, () => problem('NOT_FOUND', 'nothing of that name'));
  writeFileSync(path.join(workFolder(home), 'bad.config.json'), '{ apps: [ { instances: ');
  await fc.assert(
    fc.asyncProperty(line, async (argv) => {
      const { code, error, err } = await runCli(home, argv);
      if (error === null) {
        // Nothing was asked of the daemon, or nothing to be done was found.
        expect([0, 1, 2]).toContain(code);
      } else {
        expect(Object.keys(ERROR_CODES)).toContain(error.code);
        expect(['INTERNAL', 'PROTOCOL']).not.toContain(error.code);
        expect(error.message.trim()).not.toBe('');
        expect(error.message).not.toMatch(/\n\s+at .+:\d+:\d+/);
      }
      expect(err).not.toMatch(/\n\s+at .+:\d+:\d+/);
    }),
    { numRuns: 400 },
  );
});
