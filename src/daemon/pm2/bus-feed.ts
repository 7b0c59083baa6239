import type { Server } from 'node:net';
import type { LogRecord } from '../../logs/record.ts';
import type { AppMessage } from '../app-messages.ts';
import type { Instance } from '../instance.ts';
import { createEventTeller, type ProcessEvent } from './events.ts';
import type { Pm2ApiOptions } from './options.ts';
import { createPubServer } from './pub-server.ts';
import { isObject } from './requests.ts';

/** What is said on pub.sock. */
export interface BusFeed {
  readonly server: Server;
  /** An instance was taken off the list. */
  removed(instance: Instance): void;
  /** Somebody is about to end the daemon. */
  killed(): void;
  close(): void;
}

/**
 * Tells whoever listens on pub.sock of lines, events and messages. While nobody does, nothing of it is made.
 * @param options the daemon's parts
 */
export function createBusFeed({ fleet, bus, fanout, clock, messages, entryOf }: Pm2ApiOptions): BusFeed {
  const teller = createEventTeller();
  let ends: readonly (() => void)[] = [];
  const listen = (isHeard: boolean) => {
    for (const end of ends) end();
    ends = isHeard ? [followLogs(), messages.subscribe(tellMessage)] : [];
  };
  const pub = createPubServer(listen);

  function followLogs(): () => void {
    const take = ({ id, app, stream, atMs, text }: LogRecord) => {
      const namespace = fleet.find(id)?.spec.namespace ?? 'default';
      const about = { pm_id: id, name: app, rev: null, namespace };
      const said = { process: about, at: Math.round(atMs), data: `${text}\n` };
      pub.publish(stream === 'out' ? 'log:out' : 'log:err', JSON.stringify(said));
      return true;
    };
    const everything = () => true;
    return fanout.subscribe(everything, take, () => {});
  }

  function tell(instance: Instance, { event, manually }: ProcessEvent): void {
    const { pm2_env: shown } = JSON.parse(entryOf(instance)) as { pm2_env: Record<string, unknown> };
    const { env: _env, ...process } = shown;
    pub.publish('process:event', JSON.stringify({ event, manually, process, at: Math.round(clock.wallMs()) }));
  }

  /** PM2's rule: what names its type is published under it. */
  function tellMessage({ instance, atMs, message }: AppMessage): void {
    const about = { pm_id: instance.id, name: instance.spec.name, rev: null, namespace: instance.spec.namespace };
    const type = isObject(message) && typeof message['type'] === 'string' ? message['type'] : null;
    const said = type === null ? { raw: message } : { data: isObject(message) ? message['data'] : null };
    pub.publish(type ?? 'process:msg', JSON.stringify({ at: Math.round(atMs), ...said, process: about }));
  }

  const unsubscribe = bus.subscribe((instance, transition) => {
    const events = teller.of(instance.id, transition);
    if (pub.isHeard()) for (const event of events) tell(instance, event);
  });

  return {
    server: pub.server,
    removed(instance) {
      teller.forget(instance.id);
      if (pub.isHeard()) tell(instance, { event: 'delete', manually: true });
    },
    killed: () => pub.publish('pm2:kill', JSON.stringify({ status: 'killed', msg: 'pm2 has been killed' })),
    close() {
      unsubscribe();
      listen(false);
      pub.close();
    },
  };
}
