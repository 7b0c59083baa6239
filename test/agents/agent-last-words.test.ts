import { spawnSync } from 'node:child_process';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { agentBench } from '../support/agent-apps.ts';
import { bundleAgent } from '../support/agent-bundle.ts';
import { type Channel, runToDeath } from '../support/dying-apps.ts';
import { testFolder } from '../support/instance-logs.ts';

let agent = '';
beforeAll(async () => {
  agent = await bundleAgent();
});

const LINES = 10_000;
/** More than one byte a character, so that a byte lost or doubled shows. */
const PRINTS = `
  for (let line = 0; line < ${LINES}; line++) {
    console.log('out ' + line + ' \u{1f44b} grüße');
    console.error('err ' + line + ' \u{1f44b} grüße');
  }
`;
const printed = (word: string) =>
  Array.from({ length: LINES }, (_, line) => `${word} ${line} \u{1f44b} grüße\n`).join('');
const STACK = /Error: that was it\n {4}at [^\0]*\nNode\.js v\d+[^\n]*\n$/;
const NOTHING = /^$/;

const deaths = [
  ['an error nobody catches', 'throw new Error("that was it");', STACK],
  ['a rejection nobody handles', 'Promise.reject(new Error("that was it"));', STACK],
  ['process.exit(1)', 'process.exit(1);', NOTHING],
] as const;
const ways = (['named pipe', 'socket pair'] as const).flatMap((channel) =>
  (['cjs', 'mjs'] as const).map((kind) => ({ channel, kind })),
);

describe.each(deaths)('%s after 10,000 lines loses and doubles nothing', (_name, end, rest) => {
  test.each(ways)('$channel, $kind', async (way) => {
    const { code, stdout, stderr } = await runToDeath(agent, PRINTS + end, way);
    expect(code).toBe(1);
    expect(stdout === printed('out')).toBe(true);
    expect(stderr.startsWith(printed('err'))).toBe(true);
    expect(stderr.slice(printed('err').length)).toMatch(rest);
  });
});

const both: readonly Channel[] = ['named pipe', 'socket pair'];

test.each(both)(
  'what the app prints when it exits is kept too, in order, even if it exits once more: %s',
  async (channel) => {
    const end = `
    process.on('exit', () => {
      process.stdout.write(Buffer.from('a buffer\\n'));
      process.stdout.cork();
      process.stdout.write('deadbeef0a', 'hex');
      console.log('the end');
      process.exit(3);
    });
    process.exit(1);
  `;
    const { code, stdout } = await runToDeath(agent, PRINTS + end, { channel, kind: 'cjs' });
    expect(code).toBe(3);
    const bytes = Buffer.from('deadbeef0a', 'hex').toString('utf8');
    expect(stdout === `${printed('out')}a buffer\n${bytes}the end\n`).toBe(true);
  },
);

test('one large write is kept whole', async () => {
  const source = 'process.stdout.write("x".repeat(3_000_000) + "!"); process.exit(0);';
  const { stdout } = await runToDeath(agent, source, { channel: 'named pipe', kind: 'cjs' });
  expect([stdout.length, stdout.at(-1)]).toEqual([3_000_001, '!']);
});

test('an app whose reader does not read still dies, soon', async () => {
  const beganMs = performance.now();
  const way = { channel: 'named pipe', kind: 'cjs', reads: false } as const;
  const { code, stdout } = await runToDeath(agent, `${PRINTS}throw new Error("x")`, way);
  expect(code).toBe(1);
  expect(performance.now() - beganMs).toBeLessThan(8_000);
  // What the pipe took is the beginning, unharmed; its end may be half a character.
  expect(stdout.length).toBeGreaterThan(10_000);
  expect(printed('out').startsWith(stdout.slice(0, -1))).toBe(true);
});

test('an app that ends by itself, or catches its errors, prints as ever', async () => {
  const source = `${PRINTS}
    process.on('uncaughtException', () => console.log('caught'));
    process.emit('exit', 0);
    setTimeout(() => { throw new Error('that was it') }, 1);
  `;
  const { code, stdout, stderr } = await runToDeath(agent, source, { channel: 'socket pair', kind: 'cjs' });
  expect([code, stdout === `${printed('out')}caught\n`, stderr === printed('err')]).toEqual([0, true, true]);
});

test('a file is written by Node itself', () => {
  const folder = testFolder();
  const script = path.join(folder, 'app.cjs');
  const log = path.join(folder, 'log');
  writeFileSync(script, `${PRINTS}process.exit(1)`);
  const env = {
    ...process.env,
    PROMVISOR_AGENT: JSON.stringify({ socket: path.join(folder, 's'), id: 0, generation: 0 }),
  };
  spawnSync(process.execPath, ['--require', agent, script], { env, stdio: ['ignore', openSync(log, 'w'), 'ignore'] });
  expect(readFileSync(log, 'utf8') === printed('out')).toBe(true);
});

test('a cluster worker keeps its last words, and a stream is not made for an app that does not use it', async () => {
  const bench = await agentBench(agent);
  bench.write(
    'worker.cjs',
    `const used = process._getActiveHandles().length;${PRINTS}console.log('handles ' + used); throw new Error('that was it')`,
  );
  const { code, stdout, stderr } = await bench.start(
    `
    const cluster = require('node:cluster');
    const execArgv = ['--require', ${JSON.stringify(agent)}];
    cluster.setupPrimary({ exec: 'worker.cjs', execArgv });
    cluster.fork({ PROMVISOR_AGENT: process.env.GIVEN }).on('exit', (code) => process.exit(code));
    `,
    { variable: null, preload: [], env: { GIVEN: bench.variable } },
  ).ended;
  expect(code).toBe(1);
  // The IPC channel of the worker alone.
  expect(stdout === `${printed('out')}handles 1\n`).toBe(true);
  expect(stderr.slice(printed('err').length)).toMatch(STACK);
});
