import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PromvisorError } from '../../src/base/errors.ts';
import { homeOf } from '../../src/base/paths.ts';
import { loadSettings, type Settings } from '../../src/config/settings.ts';
import { errorOf, folder } from '../support/config.ts';

const DEFAULTS: Settings = {
  http: { listen: { host: '127.0.0.1', port: 9209 }, exposeEnv: false },
  log: { level: 'info', maxSizeBytes: 10 * 1024 * 1024, retain: 5 },
};

/** Settings of a home whose settings.json holds this, or does not exist. */
function load(content: unknown, env: NodeJS.ProcessEnv = {}): Promise<Settings> {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  const root = folder(content === undefined ? {} : { 'settings.json': text });
  return loadSettings(homeOf({ PROMVISOR_HOME: root }), env);
}

describe('settings', () => {
  test('without a file and variables all have their defaults', async () => {
    expect(await load(undefined)).toEqual(DEFAULTS);
    expect(await load({})).toEqual(DEFAULTS);
    expect(
      await load({ http: {} }, { PROMVISOR_HTTP_LISTEN: '', PROMVISOR_HOME: '/x', PROMVISOR_HTTP_SERVICE_HOST: 'x' }),
    ).toEqual(DEFAULTS);
  });

  test('a file with comments is read', async () => {
    const text =
      '{\n // quiet\n log: { level: "warn", max_size: "1.5M", retain: 2 }, http: { expose_env: true, listen: "off" },\n}';
    expect(await load(text)).toEqual({
      http: { listen: null, exposeEnv: true },
      log: { level: 'warn', maxSizeBytes: 1.5 * 1024 * 1024, retain: 2 },
    });
  });

  test.each([
    ['0.0.0.0:80', { host: '0.0.0.0', port: 80 }],
    [':9300', { host: '0.0.0.0', port: 9300 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['[::1]:9209', { host: '::1', port: 9209 }],
    ['off', null],
  ])('http.listen %j', async (text, listen) => {
    expect((await load({ http: { listen: text } })).http.listen).toEqual(listen);
    expect((await load(undefined, { PROMVISOR_HTTP_LISTEN: text })).http.listen).toEqual(listen);
  });

  test('each setting is a variable too, which wins over the file', async () => {
    const env = {
      PROMVISOR_HTTP_LISTEN: ':1',
      PROMVISOR_HTTP_EXPOSE_ENV: 'true',
      PROMVISOR_LOG_LEVEL: 'debug',
      PROMVISOR_LOG_MAX_SIZE: '2M',
      PROMVISOR_LOG_RETAIN: '0',
    };
    const file = { http: { listen: 'off', expose_env: false }, log: { level: 'error', max_size: '1M', retain: 9 } };
    expect(await load(file, env)).toEqual({
      http: { listen: { host: '0.0.0.0', port: 1 }, exposeEnv: true },
      log: { level: 'debug', maxSizeBytes: 2 * 1024 * 1024, retain: 0 },
    });
  });
});

describe('wrong settings are refused by name', () => {
  test.each([
    [{ http: { listen: 'everywhere' } }, 'http.listen: expected "host:port"', '"everywhere"'],
    [{ http: { listen: 9209 } }, 'http.listen: expected', '9209'],
    [{ http: { listen: 'a:70000' } }, 'http.listen: expected', '"a:70000"'],
    [{ http: { listen: '::1:80' } }, 'http.listen: expected', '"::1:80"'],
    [{ http: { expose_env: 'yes' } }, 'http.expose_env: expected true or false', '"yes"'],
    [{ log: { level: 'loud' } }, 'log.level: expected trace', '"loud"'],
    [{ log: { max_size: '12' } }, 'log.max_size: expected bytes or a size', '"12"'],
    [{ log: { max_size: 'big' } }, 'log.max_size: expected', '"big"'],
    [{ log: { retain: 1.5 } }, 'log.retain: expected a whole number', '1.5'],
    [{ log: null }, 'log: expected an object', 'null'],
    [[], 'settings: expected an object', '[]'],
    [{ http: { lisen: 'off' } }, 'http.lisen: unknown setting', 'did you mean "http.listen"?'],
    [{ color: true }, 'color: unknown setting', 'expected one of http.listen'],
    ['{ "http": ', 'settings.json:1:11: expected a value', 'end of the file'],
  ])('%j', async (content, words, got) => {
    const error = await errorOf(load(content));
    expect(error.code).toBe('SETTINGS_INVALID');
    for (const word of [words, got, 'settings.json']) expect(error.message).toContain(word);
  });

  test('all of them at once, each with its file or variable', async () => {
    const env = { PROMVISOR_LOG_RETAIN: 'many', PROMVISOR_HTTP_LISTEN: 'x' };
    const error = await errorOf(load({ log: { level: 3 } }, env));
    const lines = error.message.split('\n');
    expect(lines).toHaveLength(3);
    expect(lines.map((line) => path.basename(line.slice(line.lastIndexOf('(') + 1, -1))).sort()).toEqual([
      'PROMVISOR_HTTP_LISTEN',
      'PROMVISOR_LOG_RETAIN',
      'settings.json',
    ]);
  });

  test('any file is read or refused, never a crash of another kind', async () => {
    const law = fc.asyncProperty(
      fc.oneof(
        fc.string(),
        fc.jsonValue().map((value) => JSON.stringify(value)),
      ),
      async (text) => {
        const outcome = await load(text).catch((error: unknown) => error);
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(PromvisorError);
      },
    );
    await fc.assert(law, { numRuns: 300 });
  });
});
