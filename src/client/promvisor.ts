import path from 'node:path';
import { type Client, createClient } from '../api/client.ts';
import type { ActionRequest, PingView, Progress, StartRequest } from '../api/contract.ts';
import { type ErrorCode, PromvisorError } from '../base/errors.ts';
import { type Home, homeOf } from '../base/paths.ts';
import { specsOf } from './apps.ts';
import { untilAborted } from './streams.ts';
import type { ConnectOptions, Event, LogLine, Outcome, Promvisor, Targets } from './types.ts';

export { type ErrorCode, PromvisorError } from '../base/errors.ts';
export type * from './types.ts';

/** The programs stand beside the folder of this file: see build/build.mjs. */
const DAEMON_FILE = path.join(import.meta.dirname, '../bin/daemon.cjs');

/**
 * Finds the daemon of a home.
 * @param options home, and whether a daemon is started where none runs
 * @returns the daemon, for programs
 * @throws PromvisorError NO_DAEMON when none runs, HOME_UNUSABLE; DAEMON_START_FAILED with `start: true`
 */
export async function connect(options: ConnectOptions = {}): Promise<Promvisor> {
  const home = homeOf(options.home === undefined ? process.env : { ...process.env, PROMVISOR_HOME: options.home });
  const { client, ping } = options.start === true ? await started(home) : await found(home);
  return promvisorOf(home, client, ping);
}

interface Found {
  readonly client: Client;
  readonly ping: PingView;
}

async function found(home: Home): Promise<Found> {
  const client = createClient(home.socket);
  return { client, ping: await client.ping() };
}

async function started(home: Home): Promise<Found> {
  const { connect: connectOrStart } = await import('../api/connect.ts');
  return connectOrStart({ home, daemonFile: DAEMON_FILE, env: process.env });
}

function promvisorOf(home: Home, client: Client, { pid, version }: PingView): Promvisor {
  const ending = new AbortController();
  const open = (): Client => {
    if (!ending.signal.aborted) return client;
    throw new PromvisorError('USAGE', 'this connection was ended by close(): connect again');
  };
  const act = async (action: ActionRequest['action'], targets: Targets, rest: Partial<ActionRequest> = {}) => {
    const failure = action === 'stop' || action === 'delete' ? 'STOP_FAILED' : 'START_FAILED';
    return outcomesOf(open().action({ ...rest, action, targets: someOf(targets) }), failure);
  };
  return {
    home: home.root,
    daemon: { pid, version },
    list: async (targets = []) => open().instances(listOf(targets)),
    describe: async (targets) => open().describe(someOf(targets)),
    async start(apps, options = {}) {
      const to = open();
      const request: StartRequest = {
        apps: await specsOf(apps, options, home),
        onExisting: options.existing ?? 'restart',
      };
      return outcomesOf(to.start(request), 'START_FAILED');
    },
    stop: (targets) => act('stop', targets),
    restart: (targets, { env } = {}) => act('restart', targets, { env }),
    reload: (targets, { env, parallel } = {}) => act('reload', targets, { env, parallel }),
    delete: (targets) => act('delete', targets),
    events({ targets = [], since = Date.now(), signal } = {}) {
      const to = open();
      const request = { targets: listOf(targets), sinceMs: Number(since), follow: true };
      return untilAborted<Event>([ending.signal, signal], (end) => to.events({ ...request, signal: end }));
    },
    async logs(targets = [], { signal } = {}) {
      const end = AbortSignal.any([ending.signal, ...(signal === undefined ? [] : [signal])]);
      const { records } = await open().logs(listOf(targets), { signal: end });
      return untilAborted<LogLine>([end], () => records);
    },
    close: () => ending.abort(),
  };
}

/** Waits for the end of a command. @throws PromvisorError with this code when an instance did not do it */
async function outcomesOf(progress: AsyncIterable<Progress>, failure: ErrorCode): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for await (const line of progress) {
    if (line.type !== 'instance') continue;
    const { type: _type, ...outcome } = line;
    outcomes.push(outcome);
  }
  const failed = outcomes.filter(({ ok }) => !ok);
  const [first] = failed;
  if (first === undefined) return outcomes;
  const more = failed.length > 1 ? `, and ${failed.length - 1} more` : '';
  const message = `${first.app}:${first.slot} (id ${first.id}): ${first.message ?? first.status}${more}`;
  throw new PromvisorError(failure, message, { details: { instances: outcomes } });
}

function listOf(targets: Targets): readonly string[] {
  return (typeof targets === 'object' ? targets : [targets]).map(String);
}

/** The daemon takes no target at all as all of them. */
function someOf(targets: Targets): readonly string[] {
  const list = listOf(targets);
  if (list.length > 0) return list;
  throw new PromvisorError('USAGE', 'targets: expected an id, a name, a namespace, /regex/ or all, got none');
}
