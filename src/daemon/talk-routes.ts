import type { AppMessageView, SentView } from '../api/app-messages.ts';
import { ROUTES } from '../api/contract.ts';
import { json, type Reply, type Routes, type StreamContext } from '../api/server.ts';
import { PromvisorError } from '../base/errors.ts';
import type { Home } from '../base/paths.ts';
import type { AppMessages } from './app-messages.ts';
import type { Fleet } from './fleet.ts';
import type { Instance } from './instance.ts';
import { sendLine } from './stdin.ts';
import { selectInstances } from './targets.ts';

export interface TalkOptions {
  readonly fleet: Fleet;
  readonly home: Home;
  readonly messages: AppMessages;
}

/** A client that lags this far behind is cut off. */
const MAX_PENDING_BYTES = 8 * 1_048_576;

/**
 * The routes by which people and programs talk with apps.
 * @param options the daemon's parts
 */
export function talkRoutes(options: TalkOptions): Routes {
  const { fleet } = options;
  return {
    [ROUTES.stdin]: { method: 'POST', reply: ({ body }) => takeLine(body, options) },
    [ROUTES.message]: { method: 'POST', reply: ({ body }) => takeMessage(body, fleet) },
    [ROUTES.messages]: {
      method: 'GET',
      stream: ({ query }, stream) => {
        const targets = query.getAll('target');
        const ids = targets.length === 0 ? null : selectInstances(targets, fleet.all()).map(({ id }) => id);
        return follow(ids, options.messages, stream);
      },
    },
  };
}

async function takeLine(body: unknown, { fleet, home }: TalkOptions): Promise<Reply> {
  const { parseLineRequest } = await import('../config/wire-talk.ts');
  const { targets, line } = parseLineRequest(body);
  const instances = selectInstances(targets, fleet.all());
  for (const instance of instances) sendLine(instance, line, home.runDir);
  return json({ sent: instances.length } satisfies SentView);
}

async function takeMessage(body: unknown, fleet: Fleet): Promise<Reply> {
  const { parseMessageRequest } = await import('../config/wire-talk.ts');
  const { targets, message } = parseMessageRequest(body);
  const instances = selectInstances(targets, fleet.all());
  const sent = instances.filter((instance) => isSent(instance, message)).length;
  if (sent > 0) return json({ sent } satisfies SentView);
  const who = instances.map(({ id, spec }) => `${spec.name} (id ${id})`).join(', ');
  throw new PromvisorError('NOT_SUPPORTED', `${who}: no IPC channel; Node apps that run have one`);
}

function isSent({ process }: Instance, message: unknown): boolean {
  if (process === null || process.exited) return false;
  let isTaken = true;
  process.send(message, () => {
    isTaken = false;
  });
  return isTaken;
}

async function follow(
  ids: readonly number[] | null,
  messages: AppMessages,
  { write, pendingBytes, gone }: StreamContext,
): Promise<void> {
  await new Promise<void>((resolve) => {
    const unsubscribe = messages.subscribe(({ instance, atMs, message }) => {
      const { id, slot, spec } = instance;
      if (ids !== null && !ids.includes(id)) return;
      write({
        type: 'message',
        id,
        app: spec.name,
        namespace: spec.namespace,
        slot,
        atMs,
        message,
      } satisfies AppMessageView);
      if (pendingBytes() > MAX_PENDING_BYTES) done();
    });
    const done = () => {
      unsubscribe();
      resolve();
    };
    gone.addEventListener('abort', done);
  });
}
