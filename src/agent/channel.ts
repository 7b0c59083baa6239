import type { FromAgent } from '../base/agent-protocol.ts';

/**
 * The IPC channel of a process that nobody forked: `process.send`, 'message' and the rest as child_process has them,
 * over the agent's socket. A daemon that goes away takes it along no more: what is sent meanwhile waits for the next one.
 */
export interface Channel {
  send(message: unknown, handle: unknown, options: unknown, callback: unknown): boolean;
  disconnect(): void;
  ref(): void;
  unref(): void;
  /** A listener for 'message' or 'disconnect' was added (1) or removed (-1). */
  onListener(change: 1 | -1): void;
  /** The daemon says something. */
  deliver(message: unknown): void;
  /** The daemon is there, for the first time or again. */
  onConnect(): void;
}

export interface ChannelOptions {
  isConnected(): boolean;
  /**
   * @param onLost told when it was not written
   * @returns false when the message is too long
   */
  say(message: FromAgent, onLost: () => void): boolean;
}

/** What may wait for a daemon. */
const MOST_WAITING = 1_000;
const MOST_WAITING_BYTES = 1_048_576;
/** A process that has nothing else to do waits this long for a daemon to take its last messages. */
const LAST_MESSAGES_MS = 2_000;
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

interface Waiting {
  readonly message: unknown;
  readonly bytes: number;
  readonly done: (error: Error | null) => void;
}

type Callback = (error: Error | null) => void;

/**
 * Opens the channel.
 * @param options the agent's link
 * @see https://nodejs.org/docs/latest-v20.x/api/process.html#processsendmessage-sendhandle-options-callback
 */
export function createChannel({ isConnected, say }: ChannelOptions): Channel {
  const waiting: Waiting[] = [];
  const unheard: unknown[] = [];
  let waitingBytes = 0;
  let isOpen = true;
  let listeners = 0;
  let asked: boolean | null = null;
  let keepAlive: NodeJS.Timeout | null = null;
  let lastMessages: NodeJS.Timeout | null = null;

  /** As child_process has it: who listens stays alive, unless the app says otherwise. */
  function hold(): void {
    const holds = isOpen && (asked ?? listeners > 0);
    keepAlive ??= setInterval(() => {}, LONGEST_TIMEOUT_MS).unref();
    if (holds) keepAlive.ref();
    else keepAlive.unref();
  }

  function flush(): void {
    for (const next of waiting.splice(0)) {
      waitingBytes -= next.bytes;
      tell(next);
    }
    if (lastMessages !== null) clearTimeout(lastMessages);
    lastMessages = null;
  }

  /** What the connection could not take waits for the next one. */
  function tell(entry: Waiting): boolean {
    const { message, done } = entry;
    const isTaken = say({ type: 'message', message }, () => void enqueue({ ...entry, done: () => {} }));
    done(isTaken ? null : tooLong());
    return isTaken;
  }

  function enqueue(entry: Waiting): boolean {
    if (waiting.length === MOST_WAITING || waitingBytes + entry.bytes > MOST_WAITING_BYTES) {
      entry.done(closedError('the daemon is away, and what waits for it is at its limit'));
      return false;
    }
    waiting.push(entry);
    waitingBytes += entry.bytes;
    lastMessages ??= setTimeout(() => {
      lastMessages = null;
    }, LAST_MESSAGES_MS);
    return true;
  }

  function heard(): void {
    // Not within the agent's own work: what a listener throws is the app's to know.
    process.nextTick(() => {
      for (const message of unheard.splice(0)) process.emit('message', message, undefined);
    });
  }

  return {
    send(message, handle, options, callback) {
      const done = callbackOf(handle, options, callback);
      if (message === undefined) throw typeError('ERR_MISSING_ARGS', 'The "message" argument must be specified');
      if (typeof message === 'function' || typeof message === 'symbol') {
        throw typeError('ERR_INVALID_ARG_TYPE', `The "message" argument must be JSON. Received ${typeof message}`);
      }
      if (handle !== undefined && handle !== null && typeof handle !== 'function') {
        throw typeError('ERR_INVALID_HANDLE_TYPE', 'This handle type cannot be sent');
      }
      if (!isOpen) {
        fail(closedError('Channel closed'), done);
        return false;
      }
      // What the object is now, not what it is when the daemon comes.
      const text = JSON.stringify(message);
      const told = JSON.parse(text) as unknown;
      const entry: Waiting = {
        message: told,
        bytes: text.length,
        done: (error) => void (done !== null && process.nextTick(done, error)),
      };
      return isConnected() ? tell(entry) : enqueue(entry);
    },
    disconnect() {
      if (!isOpen) {
        fail(closedError('IPC channel is already disconnected'), null);
        return;
      }
      isOpen = false;
      hold();
      process.connected = false;
      process.nextTick(() => process.emit('disconnect'));
    },
    ref() {
      asked = true;
      hold();
    },
    unref() {
      asked = false;
      hold();
    },
    onListener(change) {
      listeners += change;
      hold();
      if (change === 1 && unheard.length > 0) heard();
    },
    deliver(message) {
      if (!isOpen || unheard.length === MOST_WAITING) return;
      unheard.push(message);
      if (process.listenerCount('message') > 0) heard();
    },
    onConnect: flush,
  };
}

function callbackOf(...given: readonly unknown[]): Callback | null {
  return (given.find((one) => typeof one === 'function') as Callback | undefined) ?? null;
}

/** As child_process does: to the callback, else as an 'error' of the process. */
function fail(error: Error, callback: Callback | null): void {
  if (callback !== null) process.nextTick(callback, error);
  // Any emitter has an 'error'; the types of the process do not list it.
  else process.nextTick(() => (process as NodeJS.EventEmitter).emit('error', error));
}

function tooLong(): Error {
  return closedError('the message is longer than any may be');
}

function closedError(text: string): Error {
  return Object.assign(new Error(text), { code: 'ERR_IPC_CHANNEL_CLOSED' });
}

function typeError(code: string, text: string): Error {
  return Object.assign(new TypeError(text), { code });
}
