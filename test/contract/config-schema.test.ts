import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ecosystemJsonSchema } from '../../src/config/json-schema.ts';
import { resolveApps } from '../../src/config/resolve.ts';
import { ATTRIBUTE_KEYS } from '../../src/config/schema.ts';
import { commandIn } from '../support/config.ts';
import { schemaAccepts } from '../support/json-schema.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url));
const example: unknown = createRequire(import.meta.url)(path.join(EXAMPLES, 'ecosystem.config.cjs'));
const schema = ecosystemJsonSchema();
const accepts = (value: unknown) => schemaAccepts(schema, value);

describe('the JSON Schema of ecosystem files', () => {
  test('accepts the example, in every shape', () => {
    const { apps } = example as { apps: unknown[] };
    expect([accepts(example), accepts(apps), accepts(apps[0])]).toEqual([true, true, true]);
  });

  test.each([
    [{ instances: 'max' }, true],
    [{ instances: 'two' }, false],
    [{ instances: 1.5 }, false],
    [{ max_memory_restart: '1.5G' }, true],
    [{ maxMemoryRestart: '1.5T' }, false],
    [{ exec_mode: 'both' }, false],
    [{ autorestart: 'perhaps' }, false],
    [{ args: ['a', 1] }, true],
    [{ args: [{}] }, false],
    [{ env: { A: 1 }, env_production: { A: 2 } }, true],
    [{ env_production: 'A=1' }, false],
    [{ min_uptime: '10 parsecs' }, false],
    [{ pmx: false }, true],
    [{ instanses: 2 }, false],
  ])('%j: %s', (app, accepted) => {
    expect(accepts({ apps: [{ script: 'a.js', ...app }] })).toBe(accepted);
  });

  test('wants a script, by any of its names', () => {
    expect([accepts({ apps: [{ name: 'a' }] }), accepts({ apps: [{ cmd: 'a' }] }), accepts({ apps: [] })]).toEqual([
      false,
      true,
      false,
    ]);
  });

  test('describes every attribute', () => {
    const { properties } = (schema as { $defs: { app: { properties: Record<string, { description?: string }> } } })
      .$defs.app;
    for (const key of ATTRIBUTE_KEYS) expect(properties[key]?.description, key).toMatch(/\.$/);
  });
});

describe('the example', () => {
  test('resolves as the README says, without a warning', async () => {
    const { apps, warnings } = await resolveApps(example, commandIn(EXAMPLES));
    expect(warnings).toEqual([]);
    expect(apps).toMatchObject([
      {
        name: 'api',
        version: '1.0.0',
        process: { script: path.join(EXAMPLES, 'server.js'), execMode: 'cluster', instances: 4, env: { PORT: '3000' } },
        limits: { maxMemoryBytes: 500 * 1024 * 1024 },
        logs: { outFile: path.join(EXAMPLES, 'logs/api-out.log'), dateFormat: 'YYYY-MM-DDTHH:mm:ss' },
      },
      {
        name: 'cron-worker',
        process: { execMode: 'fork', instances: 1 },
        triggers: { cron: { pattern: '0 4 * * *', timezone: null } },
      },
      { name: 'queue-worker', process: { execMode: 'fork' }, policy: { expBackoffRestartDelayMs: 100 } },
    ]);
  });

  test.each(['server.js', 'cron.js', 'queue-worker.js'])('%s is a program', (name) => {
    execFileSync(process.execPath, ['--check', path.join(EXAMPLES, name)]);
  });
});
