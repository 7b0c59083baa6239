import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PromvisorError } from '../../src/base/errors.ts';
import { homeOf } from '../../src/base/paths.ts';
import { hasZstd } from '../../src/base/zstd.ts';
import { loadSettings, type Settings } from '../../src/config/settings.ts';
import { errorOf, folder } from '../support/config.ts';

const DEFAULTS: Settings = {
  autosave: true,
  nativeCalls: true,
  http: { listen: { host: '127.0.0.1', port: 9209 }, exposeEnv: false, pm2Metrics: false },
  metrics: { pss: false },
  pm2: { api: false },
  log: { level: 'info', maxSizeBytes: 10 * 1024 * 1024, retain: 5 },
  logs: {
    maxSizeBytes: 128 * 1024 * 1024,
    frequency: 'none',
    retain: 10,
    maxAgeMs: 0,
    compress: 'gzip',
    maxTotalBytes: 2 * 1024 ** 3,
  },
  loki: null,
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
      '{\n // quiet\n log: { level: "warn", max_size: "1.5M", retain: 2 }, http: { expose_env: true, listen: "off" },\n metrics: { pss: "true" },\n}';
    expect(await load(text)).toEqual({
      autosave: true,
      nativeCalls: true,
      http: { listen: null, exposeEnv: true, pm2Metrics: false },
      metrics: { pss: true },
      pm2: { api: false },
      log: { level: 'warn', maxSizeBytes: 1.5 * 1024 * 1024, retain: 2 },
      logs: DEFAULTS.logs,
      loki: null,
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
      PROMVISOR_AUTOSAVE: 'false',
      PROMVISOR_NATIVE_CALLS: 'false',
      PROMVISOR_HTTP_LISTEN: ':1',
      PROMVISOR_HTTP_EXPOSE_ENV: 'true',
      PROMVISOR_HTTP_PM2_METRICS: 'true',
      PROMVISOR_METRICS_PSS: 'true',
      PROMVISOR_LOG_LEVEL: 'debug',
      PROMVISOR_LOG_MAX_SIZE: '2M',
      PROMVISOR_LOG_RETAIN: '0',
      PROMVISOR_LOGS_MAX_SIZE: '0',
      PROMVISOR_LOGS_FREQUENCY: '0 4 * * *',
      PROMVISOR_LOGS_RETAIN: '3',
      PROMVISOR_LOGS_MAX_AGE: '14d',
      PROMVISOR_LOGS_COMPRESS: 'false',
      PROMVISOR_LOGS_MAX_TOTAL: '1G',
    };
    const file = {
      autosave: true,
      http: { listen: 'off', expose_env: false },
      log: { level: 'error', max_size: '1M', retain: 9 },
    };
    expect(await load(file, env)).toEqual({
      autosave: false,
      nativeCalls: false,
      http: { listen: { host: '0.0.0.0', port: 1 }, exposeEnv: true, pm2Metrics: true },
      metrics: { pss: true },
      pm2: { api: false },
      log: { level: 'debug', maxSizeBytes: 2 * 1024 * 1024, retain: 0 },
      logs: {
        maxSizeBytes: 0,
        frequency: '0 4 * * *',
        retain: 3,
        maxAgeMs: 14 * 86_400_000,
        compress: 'none',
        maxTotalBytes: 1024 ** 3,
      },
      loki: null,
    });
  });
});

test('zstd where this Node has it, else a refusal that names the Node', async () => {
  const zstd = load({ logs: { compress: 'zstd' } });
  if (hasZstd()) expect((await zstd).logs.compress).toBe('zstd');
  else {
    const { code, message } = await errorOf(zstd);
    expect(code).toBe('SETTINGS_INVALID');
    expect(message).toContain(
      `logs.compress: expected true, false or gzip, got "zstd"; "zstd" needs Node 22.15 or newer, this is ${process.version}`,
    );
  }
});

const LOKI = { url: 'http://loki:3100/' };

describe('settings of Loki', () => {
  test('an address is enough', async () => {
    expect((await load({ loki: { url: 'http://loki:3100' } })).loki).toEqual({
      url: 'http://loki:3100/',
      tenant: null,
      basic: null,
      bearer: null,
      tls: { ca: null, cert: null, key: null, insecureSkipVerify: false },
      labels: {},
      headers: {},
      apps: null,
      bytesPerSecond: 3 * 1024 * 1024,
      maxAgeMs: 7 * 24 * 3600_000,
      timeoutMs: 10_000,
      structuredMetadata: true,
      instanceLabel: false,
    });
    expect((await load({ loki: { labels: { team: 'a' } } })).loki).toBeNull();
  });

  test('each as a variable', async () => {
    const env = {
      PROMVISOR_LOKI_URL: 'https://me:s%40cret@loki',
      PROMVISOR_LOKI_LABELS: 'team=a, dc=b',
      PROMVISOR_LOKI_HEADERS: 'X-Scope=1',
      PROMVISOR_LOKI_APPS: 'api, web',
      PROMVISOR_LOKI_RATE: '1M',
      PROMVISOR_LOKI_MAX_AGE: '24h',
      PROMVISOR_LOKI_TENANT: 't',
      PROMVISOR_LOKI_INSTANCE_LABEL: 'true',
    };
    expect((await load(undefined, env)).loki).toMatchObject({
      url: 'https://loki/',
      basic: { user: 'me', password: { value: 's@cret' } },
      labels: { team: 'a', dc: 'b' },
      headers: { 'X-Scope': '1' },
      apps: ['api', 'web'],
      bytesPerSecond: 1024 * 1024,
      maxAgeMs: 24 * 3600_000,
      tenant: 't',
      instanceLabel: true,
    });
  });

  test('tls may be a group of its own', async () => {
    const { loki } = await load({ loki: { ...LOKI, token_file: '/t', tls: { insecure_skip_verify: true } } });
    expect(loki).toMatchObject({ bearer: { file: '/t' }, tls: { insecureSkipVerify: true } });
  });

  test.each([
    [{ url: 'loki:3100' }, 'loki.url: expected an address'],
    [{ url: 3 }, 'loki.url: expected an address'],
    [{ labels: { 'a-b': 'x' } }, 'loki.labels: expected at most 10 labels'],
    [{ labels: { app: 'x' } }, 'other than app'],
    [{ headers: { 'Content-Type': 'x' } }, 'loki.headers: expected headers'],
    [{ rate: 'fast' }, 'loki.rate: expected bytes a second'],
    [{ password_file: 'here' }, 'loki.password_file: expected an absolute path'],
    [{ ...LOKI, user: 'me' }, 'loki.user: expected loki.password or loki.password_file'],
    [{ ...LOKI, user: 'me', password: 'secret', password_file: '/p' }, 'loki.password: expected no loki.password_file'],
    [{ ...LOKI, user: 'me', password: 'secret', token: 'secret' }, 'loki.token: expected no loki.password'],
    [{ ...LOKI, tls_cert: '/c' }, 'loki.tls_cert: expected loki.tls_key with it'],
    [{ ...LOKI, tls: { ca: '/not/there' } }, 'loki.tls_ca: expected a file that can be read'],
    [{ ...LOKI, tls: { cca: '/c' } }, 'did you mean "loki.tls_ca"'],
    [{ token: ['secret'] }, 'loki.token: expected a text on one line, got an array'],
  ])('%j is refused', async (loki, words) => {
    const error = await errorOf(load({ loki }));
    expect(error.code).toBe('SETTINGS_INVALID');
    expect(error.message).toContain(words);
    expect(error.message).not.toContain('secret');
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
    [{ logs: { frequency: 'sometimes' } }, 'logs.frequency: expected none, hourly', '"sometimes"'],
    [{ logs: { frequency: '61 * * * *' } }, 'logs.frequency: expected none, hourly', '"61 * * * *"'],
    [{ logs: { compress: 'bzip2' } }, 'logs.compress: expected true, false', '"bzip2"'],
    [{ logs: { max_age: 'old' } }, 'logs.max_age: expected milliseconds', '"old"'],
    [{ logs: { max_total: -1 } }, 'logs.max_total: expected bytes', '-1'],
    [{ log: null }, 'log: expected an object', 'null'],
    [[], 'settings: expected an object', '[]'],
    [{ http: { lisen: 'off' } }, 'http.lisen: unknown setting', 'did you mean "http.listen"?'],
    [{ color: true }, 'color: unknown setting', 'expected one of autosave, native_calls, http.listen'],
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
