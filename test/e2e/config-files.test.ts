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

  test('the example: its fork apps start; its cluster app is refused by name, and nothing is changed', async () => {
    const home = testHome();
    const refused = await home.run(['start', EXAMPLE]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('exec_mode: cluster mode is not there yet');
    expect(refused.stderr).toContain('"api"');
    expect(JSON.parse((await home.ok(['jlist'])).stdout)).toEqual([]);
    await home.ok(['start', EXAMPLE, '--only', 'cron-worker,queue-worker']);
    await untilStatus(home, 'queue-worker', 'running');
    const worker = await untilStatus(home, 'cron-worker', 'running');
    expect(worker.cron?.nextAtMs ?? 0).toBeGreaterThan(Date.now());
  });
});
