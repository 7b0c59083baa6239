import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type JournalRecord, readJournal } from '../../src/api/journal.ts';
import { killDaemon } from '../support/adoption.ts';
import { appOf, startApps, untilExits, untilStatus } from '../support/apps.ts';
import { fixture } from '../support/cli.ts';
import { type TestHome, testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';

/** The states that come of a journal, as a reader would make them who knows nothing else. */
function replay(records: readonly JournalRecord[]): string[] {
  const states = new Map<number, string>();
  for (const record of records) {
    if (record.type === 'removed') states.delete(record.id);
    const { type } = record;
    if (type === 'state') states.set(record.id, `${record.id} ${record.app} ${record.status} ${record.generation}`);
    if (type !== 'transition') continue;
    const [, , status, generation] = states.get(record.id)?.split(' ') ?? [];
    const now = record.beside ? `${status} ${generation}` : `${record.to} ${record.generation}`;
    states.set(record.id, `${record.id} ${record.app} ${now}`);
  }
  return [...states.entries()].toSorted(([a], [b]) => a - b).map(([, state]) => state);
}

async function listed(home: TestHome): Promise<string[]> {
  const instances = await home.instances();
  return instances.map(({ id, app, status, generation }) => `${id} ${app} ${status} ${generation}`);
}

async function recordsOf(home: TestHome, ...args: readonly string[]): Promise<JournalRecord[]> {
  const { stdout } = await home.ok(['events', '--json', '--since', '1d', ...args]);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

const COMMANDS = [
  'stop all',
  'restart all',
  'start two',
  'scale two 3',
  'scale two 1',
  'delete one',
  'reload web',
] as const;

describe('events', () => {
  test('replayed give the states that the daemon has, after any commands and deaths of the daemon', async () => {
    const home = testHome();
    const command = fc.constantFrom(...COMMANDS, 'crash', 'update', 'apps');
    const histories = fc.sample(fc.array(command, { minLength: 5, maxLength: 7 }), { numRuns: 3, seed: 6 });
    const apps = [
      appOf('one', 'waits.sh'),
      appOf('two', 'waits.sh', { instances: 2 }),
      appOf('web', 'servers/http-plain.cjs', { instances: 2, exec_mode: 'cluster', env: { PORT: '0' } }),
      appOf('dies', 'crash-after.sh', { args: ['0.05', '1'], max_restarts: 2 }),
    ];
    for (const word of histories.flatMap((history) => ['apps', ...history])) {
      if (word === 'apps') await startApps(home, apps);
      else if (word === 'crash') {
        await killDaemon(home);
        await home.ok(['list']);
      } else await home.run(word.split(' '));
    }
    await startApps(home, apps);
    await untilStatus(home, 'dies', 'fatal');
    expect(replay(await recordsOf(home))).toEqual(await listed(home));
    const seqs = (await recordsOf(home)).map(({ seq }) => seq);
    expect(seqs).toEqual([...new Set(seqs)].toSorted((a, b) => a - b));
  }, 120_000);

  test('are read by people, by app and since a moment, and follow as they come', async () => {
    const home = testHome();
    await startApps(home, [appOf('one', 'waits.sh'), appOf('two', 'waits.sh')]);
    const following = home.start(['events', 'one', '--follow']);
    await until(() => following.stdout().includes('starting → running'), { what: 'what was before' });
    await home.ok(['restart', 'all']);
    await until(() => following.stdout().match(/starting → running/g)?.length === 2, { what: 'what came' });
    following.signal('SIGINT');
    const { code, stdout } = await following.ended;
    expect(code).toBe(0);
    expect(stdout).toContain('one:0 (id 0) running → stopping: requested');
    expect(stdout).not.toContain('two');
    expect(stdout.split('\n').filter((line) => line.includes('added'))).toHaveLength(1);
    expect((await home.ok(['events', '--since', '2099-01-01'])).stdout).toBe('');
    expect((await home.ok(['events'])).stdout).toContain('daemon started');
    expect(await home.run(['events', '--since', 'noon'])).toMatchObject({ code: 2 });
  });

  test('outlive the daemon: why has the history of a death, and the journal is read without a daemon', async () => {
    const home = testHome();
    await home.run(['start', fixture('crash-after.sh'), '--name', 'bad', '--no-autorestart', '--', '0.05', '7']);
    await untilExits(home, { app: 'bad', reason: 'error_code' });
    await untilStatus(home, 'bad', 'exited');
    const before = await home.why('bad');
    await home.ok(['update']);
    const after = await home.why('bad');
    expect(after.transitions).toEqual(before.transitions);
    expect(after.lastDeath).toEqual(before.lastDeath);
    const reported = after.transitions.find(({ deathId }) => deathId !== null);
    expect(reported).toMatchObject({ deathId: after.lastDeath?.id, exit: { code: 7 } });
    const [death] = (await recordsOf(home, 'bad')).flatMap((one) =>
      one.type === 'transition' ? (one.death ?? []) : [],
    );
    expect(death).toMatchObject({ id: after.lastDeath?.id, exit: { code: 7 } });
    await home.ok(['kill']);
    const left = await home.ok(['events']);
    expect(left.stdout).toContain('bad:0 (id 0) deleted');
    expect(left.stderr).toContain('no daemon runs');
    expect((await home.run(['events', '--follow'])).code).toBe(3);
    expect(readJournal(path.join(home.root, 'home/state/journal.jsonl')).at(-1)).toMatchObject({ event: 'ended' });
  });
});
