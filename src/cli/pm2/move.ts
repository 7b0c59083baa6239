import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '../../api/client.ts';
import { messageOf } from '../../base/errors.ts';
import type { AppSpec } from '../../core/spec.ts';
import type { CliContext } from '../context.ts';
import { follow } from '../progress.ts';
import type { Pm2Home } from './home.ts';
import type { PlannedApp, PlannedInstance } from './plan.ts';

/** What became of an app. */
export interface Moved {
  readonly name: string;
  readonly ok: boolean;
  /** For people. */
  readonly text: string;
}

export interface Mover {
  readonly context: CliContext;
  readonly client: Client;
  readonly command: Pm2Home['command'];
}

const LOOK_MS = 100;
/** An app that lived that long has come up, even if its min_uptime is longer. */
const LONGEST_PROOF_MS = 5_000;

/**
 * Moves one app: stopped under PM2, started here, and once it has proven itself taken off PM2's list. One that does not
 * come up is started under PM2 again.
 * @param app of the plan
 * @param mover both sides
 */
export async function moveApp(app: PlannedApp, mover: Mover): Promise<Moved> {
  const { name, spec, notes } = app;
  if (spec === null) return { name, ok: false, text: `stays where it is: ${notes.join('; ')}` };
  if (await isHere(app, mover))
    return { name, ok: false, text: 'stays where it is: an app of this name is here already' };
  const pm2Ids = app.instances.flatMap(({ pmId }) => (pmId === null ? [] : [String(pmId)]));
  const upIds = app.instances.flatMap(({ pmId, wanted }) => (pmId === null || !wanted ? [] : [String(pmId)]));
  const pm2 = async (verb: string, ids: readonly string[]) => {
    if (mover.command !== null && ids.length > 0) await mover.command(verb, ...ids);
  };
  try {
    await pm2('stop', pm2Ids);
  } catch (error) {
    await pm2('restart', upIds).catch(() => {});
    return { name, ok: false, text: `stays under PM2, which could not stop it: ${messageOf(error)}` };
  }
  const problem = await startHere(app.instances, spec, mover).catch(messageOf);
  if (problem === null) {
    await pm2('delete', pm2Ids);
    return { name, ok: true, text: 'moved' };
  }
  await removeHere(app, mover);
  if (mover.command === null)
    return { name, ok: false, text: `did not come up and was taken off the list: ${problem}` };
  try {
    await pm2('restart', upIds);
    return { name, ok: false, text: `did not come up and runs under PM2 again: ${problem}` };
  } catch (error) {
    return {
      name,
      ok: false,
      text: `did not come up (${problem}), and PM2 could not start it again: ${messageOf(error)}`,
    };
  }
}

/** @returns why it did not come up, null when it did */
async function startHere(
  instances: readonly PlannedInstance[],
  spec: AppSpec,
  { context, client }: Mover,
): Promise<string | null> {
  const rows = instances.map(({ id, slot, wanted }) => ({ id, slot, wanted, spec: 0 }));
  const { exitCode, instances: outcomes } = await follow(
    context,
    client.restore({ instances: rows, specs: [spec] }),
    'started',
  );
  const failed = outcomes.find(({ ok }) => !ok);
  if (exitCode !== 0) return failed?.message ?? 'it could not be started';
  const up = new Set(instances.filter((one) => one.wanted).map(({ slot }) => slot));
  const wanted = outcomes.filter(({ slot }) => up.has(slot)).map(({ id }) => String(id));
  return wanted.length === 0 ? null : whyNotUp(client, wanted, Math.min(spec.policy.minUptimeMs, LONGEST_PROOF_MS));
}

/** One that crashes a moment later has not come up either. */
async function whyNotUp(client: Client, ids: readonly string[], proofMs: number): Promise<string | null> {
  const untilMs = performance.now() + proofMs;
  for (;;) {
    const instances = await client.instances(ids);
    const dead = instances.find(
      ({ status, restarts }) => restarts > 0 || (status !== 'running' && status !== 'starting'),
    );
    if (dead !== undefined) {
      const { lastExit, status } = dead;
      return lastExit === null ? `it is ${status}` : `it ended: ${lastExit.reason}, code ${lastExit.code ?? 'unknown'}`;
    }
    if (performance.now() >= untilMs) return null;
    await delay(LOOK_MS);
  }
}

async function isHere(app: PlannedApp, { client }: Mover): Promise<boolean> {
  return (await client.instances()).some((one) => one.app === app.name && one.namespace === app.namespace);
}

async function removeHere(app: PlannedApp, { client }: Mover): Promise<void> {
  const here = (await client.instances()).filter((one) => one.app === app.name && one.namespace === app.namespace);
  if (here.length === 0) return;
  for await (const _ of client.action({ action: 'delete', targets: here.map(({ id }) => String(id)) }));
}
