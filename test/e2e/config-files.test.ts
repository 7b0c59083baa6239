import { availableParallelism } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { untilStatus } from '../support/apps.ts';
import { fixture } from '../support/cli.ts';
import { testHome } from '../support/test-home.ts';

const EXAMPLE = path.resolve(import.meta.dirname, '../../examples/ecosystem.config.cjs');
const script = fixture('waits.sh');

describe('ecosystem files, by the built command', () => {
  test.each([
    ['ecosystem.config.yml', `apps:\n  - name: web\n    script: ${script}\n`],
    ['ecosystem.config.mjs', `export default { apps: [{ name: 'web', script: '${script}' }] };\n`],
    ['ecosystem.config.cjs', `module.exports = { apps: [{ name: 'web', script: '${script}' }] };\n`],
    ['process.json', `{ // a comment\n  apps: [{ name: 'web', script: '${script}', }],\n}\n`],
  ])('%s starts its app', async (name, text) => {
    const home = testHome();
    await home.ok(['start', home.write(name, text)]);
    expect(await untilStatus(home, 'web', 'running')).toMatchObject({ app: 'web', restarts: 0 });
  });

  test('the example as it is: a cluster with a process for each CPU, and two fork apps', async () => {
    const home = testHome();
    await home.ok(['start', EXAMPLE]);
    const api = (await home.instances()).filter(({ app }) => app === 'api');
    expect(api.map(({ execMode }) => execMode)).toEqual(Array(availableParallelism()).fill('cluster'));
    await untilStatus(home, 'queue-worker', 'running');
    const worker = await untilStatus(home, 'cron-worker', 'running');
    expect(worker.cron?.nextAtMs ?? 0).toBeGreaterThan(Date.now());
  });
});
