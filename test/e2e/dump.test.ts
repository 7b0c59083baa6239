import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { appOf, startApps } from '../support/apps.ts';
import { fixture } from '../support/cli.ts';
import { type TestHome, testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';

const dumpOf = (home: TestHome) => path.join(home.root, 'home/dump.json');

/** What the dump has, in short. */
function dumped(home: TestHome): string[] {
  if (!existsSync(dumpOf(home))) return [];
  const { instances, specs } = JSON.parse(readFileSync(dumpOf(home), 'utf8'));
  const rows = instances as { id: number; slot: number; wanted: boolean; spec: number }[];
  return rows.map(({ id, slot, wanted, spec }) => `${id} ${specs[spec].name}:${slot} ${wanted ? 'up' : 'down'}`);
}

function untilDumped(home: TestHome, rows: readonly string[]): Promise<void> {
  const look = () => {
    if (JSON.stringify(dumped(home)) === JSON.stringify(rows)) return true;
    throw new Error(`it has ${dumped(home).join(', ')}`);
  };
  return until(look, { what: `the dump has ${rows.join(', ')}` }).then(() => {});
}

async function listed(home: TestHome): Promise<string[]> {
  return (await home.instances()).map(({ id, app, slot, status }) => `${id} ${app}:${slot} ${status}`);
}

/** An app of three, one of two, one that was stopped, and a gap in the ids. */
async function fourApps(home: TestHome): Promise<void> {
  await startApps(home, [appOf('gone', 'waits.sh'), appOf('three', 'waits.sh', { instances: 3, env: { WHO: 'me' } })]);
  await startApps(home, [appOf('two', 'waits.sh', { instances: 2, namespace: 'web' }), appOf('off', 'waits.sh')]);
  await home.ok(['stop', 'off']);
  await home.ok(['delete', 'gone']);
}
const ROWS = ['1 three:0 up', '2 three:1 up', '3 three:2 up', '4 two:0 up', '5 two:1 up', '6 off:0 down'];
const LISTED = ROWS.map((row) => row.replace('up', 'running').replace('down', 'stopped'));

describe('the dump', () => {
  test('follows the list, outlives kill, and brings all back as it was: ids, slots, environment, wishes', async () => {
    const home = testHome();
    await fourApps(home);
    await untilDumped(home, ROWS);
    expect(statSync(dumpOf(home)).mode & 0o777).toBe(0o600);
    await home.ok(['kill']);
    expect(dumped(home)).toEqual(ROWS);
    const { stdout } = await home.ok(['resurrect']);
    expect(stdout).toContain('three:2 (id 3) resurrected');
    expect(stdout).toContain('stays stopped');
    expect(await listed(home)).toEqual(LISTED);
    expect((await home.ok(['env', '2'])).stdout).toContain('WHO: me');
    expect((await home.ok(['resurrect'])).stdout).toContain('nothing is missing');
    expect(await listed(home)).toEqual(LISTED);
    await home.ok(['start', fixture('waits.sh'), '--name', 'next']);
    expect((await home.instance('next')).id).toBe(7);
  });

  test('is brought back per instance: what is on the list is left alone', async () => {
    const home = testHome({ PROMVISOR_AUTOSAVE: 'false' });
    await fourApps(home);
    expect(existsSync(dumpOf(home))).toBe(false);
    expect((await home.ok(['save'])).stdout).toContain('saved 6 instances of 3 apps');
    const before = await home.instances();
    await home.ok(['scale', 'three', '1']);
    await home.ok(['delete', '4', 'off']);
    const kept = (await home.instances()).map(({ pid }) => pid);
    await home.ok(['resurrect']);
    expect((await listed(home)).toSorted()).toEqual(LISTED);
    const after = await home.instances();
    expect(after.filter(({ pid }) => kept.includes(pid) && pid !== null)).toHaveLength(kept.length);
    expect(after.map(({ slot }) => slot).toSorted()).toEqual(before.map(({ slot }) => slot).toSorted());
  });

  test('keeps what was there before a kill while new apps are started, and forgets what is deleted', async () => {
    const home = testHome();
    await home.ok(['start', fixture('waits.sh'), '--name', 'old']);
    await home.ok(['start', fixture('waits.sh'), '--name', 'older']);
    await home.ok(['kill']);
    await home.ok(['start', fixture('waits.sh'), '--name', 'new']);
    await untilDumped(home, ['0 new:0 up', '0 old:0 up', '1 older:0 up']);
    await home.ok(['resurrect']);
    expect((await listed(home)).map((row) => row.slice(2)).toSorted()).toEqual([
      'new:0 running',
      'old:0 running',
      'older:0 running',
    ]);
    await home.ok(['delete', 'old']);
    await until(() => !dumped(home).some((row) => row.includes('old:')), { what: 'it forgets what is deleted' });
  });

  test('of nothing needs --force; cleardump empties it, and the one before stays', async () => {
    const home = testHome({ PROMVISOR_AUTOSAVE: 'false' });
    expect(await home.run(['resurrect'])).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('no dump is there'),
    });
    await home.ok(['start', fixture('waits.sh'), '--name', 'app']);
    await home.ok(['dump']);
    await home.ok(['delete', 'app']);
    expect((await home.ok(['save'])).stderr).toContain('--force');
    expect(dumped(home)).toEqual(['0 app:0 up']);
    await home.ok(['save', '--force']);
    expect(dumped(home)).toEqual([]);
    expect(readFileSync(`${dumpOf(home)}.previous`, 'utf8')).toContain('"app"');
    await home.ok(['start', fixture('waits.sh'), '--name', 'app']);
    await home.ok(['save']);
    await home.ok(['cleardump']);
    expect(dumped(home)).toEqual([]);
    expect(await home.run(['save', 'extra'])).toMatchObject({ code: 2 });
  });

  test('that is broken is set aside and said so; the one before it is used where there is one', async () => {
    const home = testHome({ PROMVISOR_AUTOSAVE: 'false' });
    await home.ok(['start', fixture('waits.sh'), '--name', 'app']);
    await home.ok(['save']);
    await home.ok(['save']);
    await home.ok(['kill']);
    writeFileSync(dumpOf(home), readFileSync(dumpOf(home), 'utf8').slice(0, 300));
    const second = await home.ok(['resurrect']);
    expect(second.stderr).toMatch(
      /dump\.json: expected a dump of promvisor, but it is no whole JSON; it was set aside/,
    );
    expect((await home.instance('app')).status).toBe('running');
    writeFileSync(`${dumpOf(home)}.previous`, '[]');
    const { code, stderr } = await home.run(['resurrect']);
    expect(code).toBe(1);
    expect(stderr).toContain('dump.json.previous: expected a dump of promvisor, but it does not begin as one');
    const kept = readdirSync(path.dirname(dumpOf(home))).filter((name) => name.includes('.broken-'));
    expect(kept).toHaveLength(2);
  });

  test('of a newer version is neither read nor overwritten', async () => {
    const home = testHome();
    await home.ok(['start', fixture('waits.sh'), '--name', 'app']);
    await untilDumped(home, ['0 app:0 up']);
    await home.ok(['kill']);
    const text = readFileSync(dumpOf(home), 'utf8').replace('"version": 1', '"version": 99');
    writeFileSync(dumpOf(home), text);
    expect(await home.run(['resurrect'])).toMatchObject({ code: 1, stderr: expect.stringContaining('version 99') });
    expect(await home.run(['save'])).toMatchObject({ code: 0, stderr: expect.stringContaining('--force') });
    await home.ok(['start', fixture('waits.sh'), '--name', 'other']);
    expect(await home.run(['save'])).toMatchObject({ code: 1, stderr: expect.stringContaining('version 99') });
    expect(readFileSync(dumpOf(home), 'utf8')).toBe(text);
    await home.ok(['save', '--force']);
    expect(dumped(home)).toEqual(['0 other:0 up']);
  });

  test('that cannot be written makes save fail, and the apps run on', async () => {
    const home = testHome({ PROMVISOR_AUTOSAVE: 'false' });
    await home.ok(['start', fixture('waits.sh'), '--name', 'app']);
    // Where the temporary file is to be.
    mkdirSync(`${dumpOf(home)}.new`);
    const { code, stderr } = await home.run(['save']);
    expect({ code, said: stderr.includes('could not be written') }).toEqual({ code: 1, said: true });
    expect((await home.instance('app')).status).toBe('running');
  });
});
