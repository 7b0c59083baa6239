import type { Channel, ChannelOptions } from './channel.ts';

/** Beside this bundle. */
const FILE = 'channel.cjs';

/** The channel of an app that has not used it yet. */
export interface ChannelGate {
  deliver(message: unknown): void;
  onConnect(): void;
}

/**
 * Gives the process what a forked one has: send, connected, disconnect, channel. It is loaded when the app, or the
 * daemon, uses it.
 * @param options the agent's link
 */
export function offerChannel(options: ChannelOptions): ChannelGate {
  let inside: Channel | null = null;
  const use = (): Channel => {
    if (inside !== null) return inside;
    const { createChannel } = require(`${__dirname}/${FILE}`) as typeof import('./channel.ts'); // its bundle
    inside = createChannel(options);
    return inside;
  };
  const isOurs = (name: string | symbol) => name === 'message' || name === 'disconnect';
  process.on('newListener', (name: string | symbol) => void (isOurs(name) && use().onListener(1)));
  process.on('removeListener', (name: string | symbol) => void (isOurs(name) && use().onListener(-1)));
  Object.assign(process, {
    connected: true,
    send: (message: unknown, handle: unknown, settings: unknown, callback: unknown) =>
      use().send(message, handle, settings, callback),
    disconnect: () => use().disconnect(),
    channel: { ref: () => use().ref(), unref: () => use().unref() },
  });
  return {
    deliver: (message) => use().deliver(message),
    onConnect: () => inside?.onConnect(),
  };
}
