import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ACTIONS,
  type ActionRequest,
  type SignalRequest,
  type StartRequest,
  type TargetsRequest,
} from '../../src/api/contract.ts';
import { PromvisorError } from '../../src/base/errors.ts';
import { hasZstd } from '../../src/base/zstd.ts';
import {
  parseActionRequest,
  parseSignalRequest,
  parseSpec,
  parseStartRequest,
  parseTargetsRequest,
} from '../../src/config/wire.ts';
import type { AppSpec } from '../../src/core/spec.ts';
import { resolveOne } from '../support/config.ts';

/** As it comes out of a socket. */
function sent(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function refusal(parse: () => unknown): PromvisorError {
  try {
    parse();
  } catch (error) {
    if (error instanceof PromvisorError) return error;
    throw error;
  }
  throw new Error('expected a refusal, got none');
}

/** Sets one value deep inside a copy. */
function changed(value: unknown, path: readonly (string | number)[], put: unknown): unknown {
  const copy = sent(value);
  const last = path.at(-1);
  const parent = path.slice(0, -1).reduce<unknown>((at, step) => Reflect.get(Object(at), step), copy);
  Reflect.set(Object(parent), last ?? '', put);
  return copy;
}

const FULL = {
  name: 'web',
  instances: 3,
  max_memory_restart: '200M',
  cron_restart: '0 4 * * *',
  cron_timezone: 'UTC',
  watch: ['src'],
  ignore_watch: ['logs'],
  env: { TOKEN: 'hunter2', 'odd name': '' },
  env_production: { A: '1' },
  stop_exit_codes: [0, 3],
  log_file: true,
  time: true,
  pid_file: 'x.pid',
  args: ['', 'a b'],
};

async function fullSpec(): Promise<AppSpec> {
  return (await resolveOne(FULL)).spec;
}

describe('what the CLI sends is what the daemon gets', () => {
  test('resolved apps pass unchanged', async () => {
    const plain = (await resolveOne({})).spec;
    const request: StartRequest = { apps: [await fullSpec(), plain], onExisting: 'restart' };
    const got: StartRequest = parseStartRequest(sent(request));
    expect(got).toEqual(request);
    expect(parseSpec(sent(plain))).toEqual(plain);
  });

  test('requests pass unchanged', () => {
    const targets = ['all', '0', '/^a/i'];
    const action: ActionRequest = { targets, action: 'restart', env: { A: '1' }, watch: 'toggle' };
    const signal: SignalRequest = { targets, signal: 'SIGUSR2' };
    const plain: TargetsRequest = { targets };
    expect([
      parseActionRequest(sent(action)),
      parseSignalRequest(sent(signal)),
      parseTargetsRequest(sent(plain)),
    ]).toEqual([action, signal, plain]);
  });

  test.each(ACTIONS)('the action %s is known', (action) => {
    const got: ActionRequest = parseActionRequest({ targets: ['a'], action });
    expect(got).toEqual({ targets: ['a'], action });
  });

  test('300 apps with a large environment pass', async () => {
    const spec = await fullSpec();
    const env = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`V${at}`, 'x'.repeat(100)]));
    const apps = Array.from({ length: 300 }, (_, at) => ({
      ...spec,
      name: `a${at}`,
      process: { ...spec.process, env },
    }));
    expect(parseStartRequest({ apps, onExisting: 'add' }).apps).toHaveLength(300);
  });
});

describe('what is malformed is refused with path, value and what was expected', () => {
  test.each([
    [
      ['apps', 0, 'process', 'instances'],
      'two',
      'apps[0].process.instances: expected a whole number from 1 to 1000, got "two"',
    ],
    [
      ['apps', 0, 'process', 'instances'],
      0,
      'apps[0].process.instances: expected a whole number from 1 to 1000, got 0',
    ],
    [['apps', 0, 'process', 'cwd'], 'here', 'apps[0].process.cwd: expected an absolute path, got "here"'],
    [
      ['apps', 0, 'process', 'script'],
      'app.js',
      'apps[0].process.script: expected an absolute path, unless shellLine is true, got "app.js"',
    ],
    [
      ['apps', 0, 'policy', 'killSignal'],
      'SIGNOPE',
      'apps[0].policy.killSignal: expected a signal such as "SIGINT", got "SIGNOPE"',
    ],
    [
      ['apps', 0, 'policy', 'restartDelayMs'],
      -1,
      'apps[0].policy.restartDelayMs: expected a whole number from 0 to 2147483647, got -1',
    ],
    [
      ['apps', 0, 'triggers', 'cron', 'pattern'],
      4,
      'apps[0].triggers.cron.pattern: expected a cron pattern of 1 to 32768 characters, without zero bytes, got 4',
    ],
    [['apps', 0, 'policy', 'extra'], 1, 'apps[0].policy: expected no other keys, got "extra"'],
    [['apps', 0, 'logs', 'merge'], undefined, 'apps[0].logs.merge: expected true or false, got nothing'],
    [['apps', 0, 'process', 'env', 'TOKEN'], ['hunter2'], 'apps[0].process.env.TOKEN: expected text, got an array'],
    [
      ['apps', 0, 'process', 'env', 'A=B'],
      'hunter2',
      'apps[0].process.env.A=B: expected a name without "=" and zero bytes, got text',
    ],
    [['apps', 0, 'envBlocks', 'production'], 'hunter2', 'apps[0].envBlocks.production: expected an object, got text'],
    [['apps'], [], 'apps: expected a list of 1 to 1000, got []'],
    [['onExisting'], 'replace', 'onExisting: expected "restart", "reload", "refuse" or "add", got "replace"'],
  ] as const)('%j = %j', async (path, value, message) => {
    const request = changed({ apps: [await fullSpec()], onExisting: 'add' }, path, value);
    const error = refusal(() => parseStartRequest(request));
    expect([error.code, error.message]).toEqual(['REQUEST_INVALID', message]);
  });

  test.each([
    [() => parseActionRequest(null), 'body: expected an object, got null'],
    [
      () => parseActionRequest({ targets: ['a'], action: 'explode' }),
      'action: expected one of start, stop, restart, reload, delete, reset, got "explode"',
    ],
    [() => parseTargetsRequest({ targets: 'all' }), 'targets: expected a list of 1 to 10000, got "all"'],
    [() => parseTargetsRequest({ targets: [] }), 'targets: expected a list of 1 to 10000, got []'],
    [
      () => parseTargetsRequest({ targets: [''] }),
      'targets[0]: expected an id, a name, a namespace, /regex/ or all of 1 to 1000 characters, without zero bytes, got ""',
    ],
    [
      () => parseSignalRequest({ targets: ['a'] }),
      'signal: expected a signal such as SIGUSR2 of 1 to 20 characters, without zero bytes, got nothing',
    ],
  ])('%s', (parse, message) => expect(refusal(parse).message).toBe(message));

  test('any change of any kind passes or is refused as a request, and no value of a variable is told', async () => {
    const request = { apps: [await fullSpec()], onExisting: 'add' };
    const places = fc.constantFrom(...pathsOf(request));
    const junk = fc.oneof(fc.jsonValue(), fc.constantFrom<unknown>(Number.NaN, -1, 1e20, '', 'a\0b', {}, [], null));
    const law = fc.property(places, junk, (path, value) => {
      try {
        parseStartRequest(changed(request, path, value));
      } catch (error) {
        if (!(error instanceof PromvisorError)) throw error;
        expect(error.code).toBe('REQUEST_INVALID');
        expect(error.message).toContain(String(path[0]));
        expect(JSON.stringify([error.message, error.details])).not.toContain('hunter2');
      }
    });
    fc.assert(law, { numRuns: 2000 });
  });

  test('any JSON at all is refused', () => {
    const parsers = fc.constantFrom(
      parseSpec,
      parseStartRequest,
      parseActionRequest,
      parseSignalRequest,
      parseTargetsRequest,
    );
    const law = fc.property(parsers, fc.jsonValue(), (parse: (value: unknown) => unknown, value) => {
      expect(refusal(() => parse(value)).code).toBe('REQUEST_INVALID');
    });
    fc.assert(law, { numRuns: 1000 });
  });

  test('of very many mistakes some are told and the rest is counted', () => {
    const error = refusal(() => parseTargetsRequest({ targets: Array(5000).fill(1) }));
    expect(error.message.split('\n')).toHaveLength(21);
    expect(error.message).toContain('and 4980 more');
  });
});

/** Every place in a value, deep first. */
function pathsOf(value: unknown): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [];
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  return keys.flatMap((key) => [[key], ...pathsOf(Reflect.get(value, key)).map((rest) => [key, ...rest])]);
}

test('zstd is refused by a daemon whose Node does not have it', async () => {
  const { spec } = await resolveOne({});
  const packed = changed(spec, ['logs', 'roll', 'compress'], 'zstd');
  if (hasZstd()) expect(parseSpec(packed).logs.roll.compress).toBe('zstd');
  else expect(refusal(() => parseSpec(packed)).message).toContain(`this is ${process.version}`);
});
