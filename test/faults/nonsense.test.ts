import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { InstanceView } from '../../src/api/contract.ts';
import { ERROR_CODES } from '../../src/base/errors.ts';
import { fixture } from '../support/cli.ts';
import { openHome, type TestHome } from '../support/test-home.ts';
import { askHttp } from '../support/wire.ts';

/** Generated anew in each run; a failure prints the seed that makes it again. */
const junk = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.string()),
  fc.object(),
);
const STACK_TRACE = /^\s+at .+:\d+:\d+\)?$/m;

let home: TestHome;
let close: () => Promise<void>;
let before: { pid: number; instances: unknown };

/** What must not change: who runs, since when, and how often it was started. */
async function fleet(): Promise<{ pid: number; instances: unknown }> {
  const fixed = ({ id, app, status, pid, generation, restarts }: InstanceView) => ({
    id,
    app,
    status,
    pid,
    generation,
    restarts,
  });
  return { pid: (await home.ping()).pid, instances: (await home.instances()).map(fixed) };
}

beforeAll(async () => {
  ({ home, close } = openHome());
  await home.ok(['start', fixture('waits.sh'), '--name', 'bystander']);
  before = await fleet();
});

afterAll(async () => {
  expect(await fleet()).toEqual(before);
  await close();
});

describe('nonsense is refused by name, and changes nothing', () => {
  test('120 bodies and routes of the API', async () => {
    const socketPath = `${home.env['PROMVISOR_HOME']}/run/daemon.sock`;
    const routes = fc.constantFrom(
      '/v1/start',
      '/v1/action',
      '/v1/signal',
      '/v1/flush',
      '/v1/nowhere',
      '/v1/%00',
      '/v1/kill/',
    );
    const targets = fc.record({ targets: fc.oneof(junk, fc.array(junk)), action: junk, signal: junk });
    const body = fc.oneof(
      junk.map((value) => JSON.stringify(value) ?? ''),
      targets.map((value) => JSON.stringify(value)),
      fc.string(),
    );
    const refused = async (path: string, text: string) => {
      const answer = await askHttp({ socketPath, path, method: 'POST', body: text });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
      expect(answer.headers['content-type']).toContain('application/problem+json');
      const problem = JSON.parse(answer.body);
      expect(Object.keys(ERROR_CODES)).toContain(problem.code);
      expect(problem.detail).not.toBe('');
      expect(answer.body).not.toMatch(STACK_TRACE);
    };
    await fc.assert(fc.asyncProperty(routes, body, refused), { numRuns: 120 });
  });

  test('50 ecosystem files', async () => {
    const key = fc.constantFrom(
      'instances',
      'exec_mode',
      'max_memory_restart',
      'cron_restart',
      'kill_timeout',
      'env',
      'watch',
      'min_uptime',
    );
    const bad = fc
      .record({ key, value: fc.constantFrom('two', -7.5, [[]], { a: 1 }, '1 parsec', '* *') })
      .filter(isWrong);
    const asFile = ({ key: name, value }: { key: string; value: unknown }) =>
      JSON.stringify({ apps: [{ name: 'bad-one', script: fixture('waits.sh'), [name]: value }] });
    const text = fc.oneof(
      bad.map(asFile),
      fc.string().map((rest) => `{ "apps": [${rest}`),
      junk.map((value) => JSON.stringify({ apps: value }) ?? ''),
    );
    const refused = async (content: string) => {
      const file = home.write('ecosystem.config.json', content);
      const { code, stdout, stderr } = await home.run(['start', file]);
      expect([1, 2]).toContain(code);
      expect(stderr).toContain('ecosystem.config.json');
      expect(stdout + stderr).not.toMatch(STACK_TRACE);
    };
    await fc.assert(fc.asyncProperty(text, refused), { numRuns: 50 });
  });

  test('30 command lines', async () => {
    const word = fc
      .oneof(fc.string(), fc.constantFrom('--nope', '--kill-timeout', '-i', '--max-memory-restart', '--', '/(/', '99'))
      .filter((text) => !text.includes('\0'));
    const command = fc.constantFrom(
      'stop',
      'restart',
      'delete',
      'describe',
      'why',
      'sendSignal',
      'reset',
      'env',
      'frobnicate',
    );
    const selectsNothing = (words: readonly string[]) =>
      !words.some(
        (text) => /^(?:0|all|bystander|default|\/.*\/\w*)$/.test(text) || /^-+(?:h|help|v|version)/i.test(text),
      );
    const line = fc.tuple(command, fc.array(word, { minLength: 1, maxLength: 3 }).filter(selectsNothing));
    const refused = async ([name, words]: [string, string[]]) => {
      const { code, stdout, stderr } = await home.run([name, ...words]);
      expect([1, 2, 4]).toContain(code);
      expect(stderr.trim()).not.toBe('');
      expect(stdout + stderr).not.toMatch(STACK_TRACE);
    };
    await fc.assert(fc.asyncProperty(line, refused), { numRuns: 30 });
  });
});

/** Some of the values are right for some of the keys. */
function isWrong({ key, value }: { key: string; value: unknown }): boolean {
  if (key === 'env') return typeof value !== 'object' || Array.isArray(value);
  if (key === 'watch') return typeof value !== 'string';
  return true;
}
