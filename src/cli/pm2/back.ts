import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '../../api/client.ts';
import type { Action } from '../../api/contract.ts';
import { messageOf, PromvisorError } from '../../base/errors.ts';
import { writeDumpFile } from './dump-file.ts';
import { listOf } from './home.ts';
import type { Moved } from './move.ts';
import { type Pm2Process, processesOf } from './process.ts';
import type { Pm2Command } from './program.ts';

/** An app that lived that long under PM2 has come up. */
const PROOF_MS = 1_000;
const UP = new Set(['online', 'launching']);

export interface WayBack {
  readonly client: Client;
  readonly pm2: Pm2Command;
  /** Of PM2. */
  readonly home: string;
}

/** An entry of our own jlist, with its instance. */
interface Row {
  readonly name: string;
  readonly pm_id: number;
  readonly pm2_env: Readonly<Record<string, unknown>>;
}

/**
 * Moves all apps to PM2: they are stopped here, brought back there out of a dump.pm2 in PM2's own form, and deleted here
 * once they are up. What does not come up there is started here again.
 * @param way both sides
 * @returns what became of each app
 * @throws PromvisorError NOT_FOUND where nothing runs here; NOT_SUPPORTED without PM2's program
 */
export async function moveBack({ client, pm2, home }: WayBack): Promise<Moved[]> {
  // The daemon's own text, of the contract of api/jlist.ts.
  const rows = JSON.parse(await client.jlistText()) as readonly Row[];
  if (rows.length === 0) throw new PromvisorError('NOT_FOUND', 'there is no app to move');
  const theirs = new Set(processesOf(listOf(await pm2('jlist')), 'pm2 jlist').map(({ name }) => name));
  const stays = rows.filter(({ name }) => theirs.has(name));
  const going = rows.filter(({ name }) => !theirs.has(name));
  await writeDumpFile(going, { dump: path.join(home, 'dump.pm2'), dumpBefore: path.join(home, 'dump.pm2.bak') });
  const up = going.filter(isUp);
  await act(client, 'stop', up);
  const problems = await startThere(going, pm2);
  const failed = going.filter(({ name }) => problems.has(name));
  const gone = going.filter(({ name }) => !problems.has(name));
  await act(client, 'delete', gone);
  await act(client, 'start', failed.filter(isUp));
  if (gone.length > 0) await pm2('save');
  return [
    ...outcomes(stays, () => ({ ok: false, text: 'stays here: an app of this name is under PM2 already' })),
    ...outcomes(failed, (name) => ({ ok: false, text: `runs here again: ${problems.get(name)}` })),
    ...outcomes(gone, () => ({ ok: true, text: 'moved' })),
  ];
}

function isUp({ pm2_env }: Row): boolean {
  return pm2_env['status'] !== 'stopped' && pm2_env['status'] !== 'errored';
}

async function act(client: Client, action: Action, rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return;
  for await (const _ of client.action({ action, targets: rows.map(({ pm_id }) => String(pm_id)) }));
}

/** @returns what is wrong, by the names of apps */
async function startThere(going: readonly Row[], pm2: Pm2Command): Promise<ReadonlyMap<string, string>> {
  if (going.length === 0) return new Map();
  try {
    await pm2('resurrect');
    await delay(PROOF_MS);
    const there = processesOf(listOf(await pm2('jlist')), 'pm2 jlist');
    const problems = new Map<string, string>();
    for (const name of new Set(going.map((row) => row.name))) {
      const problem = problemOf(
        going.filter((row) => row.name === name),
        there.filter((process) => process.name === name),
      );
      if (problem !== null) problems.set(name, problem);
    }
    for (const name of problems.keys()) if (there.some((process) => process.name === name)) await pm2('delete', name);
    return problems;
  } catch (error) {
    return new Map(going.map(({ name }) => [name, messageOf(error)]));
  }
}

function problemOf(going: readonly Row[], there: readonly Pm2Process[]): string | null {
  const wanted = going.filter(isUp).length;
  const up = there.filter(({ status, attributes }) => UP.has(status) && attributes['restart_time'] === 0).length;
  if (there.length < going.length) return `PM2 has ${there.length} of ${going.length} instances`;
  return up < wanted ? `${up} of ${wanted} instances came up under PM2` : null;
}

function outcomes(rows: readonly Row[], say: (name: string) => Omit<Moved, 'name'>): Moved[] {
  return [...new Set(rows.map(({ name }) => name))].map((name) => ({ name, ...say(name) }));
}
