import type { Socket } from 'node:net';
import { AGENT_LINE_BYTES, AGENT_METRICS_BYTES, type FromAgent, type ToAgent } from '../base/agent-protocol.ts';
import { guarded } from './guard.ts';

const SOONEST_MS = 100;
const LATEST_MS = 2_000;
/** Behind the app's own start: the timer runs when its main script has given control back. */
const AFTER_START_MS = 1;
/** A long message may take the daemon so long to read. */
const LONGEST_READ_MS = 1_000;

/** The connection to the daemon. */
export interface Link {
  /**
   * Says something, if the daemon is there to hear it.
   * @param message what
   * @param onLost told when the connection broke before it was written
   * @returns false when it is longer than any message may be
   */
  send(message: FromAgent, onLost?: () => void): boolean;
  isConnected(): boolean;
}

export interface LinkEvents {
  /** The daemon is there, for the first time or again. */
  onConnect(): void;
  onMessage(message: ToAgent): void;
}

/**
 * Connects to the daemon now and again after each loss, without ever keeping the process alive.
 * @param path absolute path of the daemon's agent socket
 * @param events what to do when
 * @returns the link, not connected yet
 */
export function createLink(path: string, events: LinkEvents): Link {
  let connected: Socket | null = null;
  let waitMs = SOONEST_MS;
  const connectIn = (delayMs: number) => void setTimeout(guarded(connect), delayMs).unref();
  connectIn(AFTER_START_MS);
  return { send, isConnected: () => connected !== null };

  function connect(): void {
    const socket = process.getBuiltinModule('node:net').connect({ path });
    socket.unref();
    socket.setEncoding('utf8');
    socket.on('connect', () => {
      connected = socket;
      waitMs = SOONEST_MS;
      guarded(events.onConnect)();
    });
    socket.on('data', lineReader(socket, guarded(events.onMessage)));
    // 'close' follows, which is all there is to know.
    socket.on('error', () => {});
    socket.on('close', () => {
      connected = null;
      connectIn(waitMs);
      waitMs = Math.min(waitMs * 2, LATEST_MS);
    });
  }

  function send(message: FromAgent, onLost?: () => void): boolean {
    if (connected === null) return true;
    const line = `${JSON.stringify(message)}\n`;
    if (Buffer.byteLength(line) > AGENT_METRICS_BYTES) return false;
    const wasBusy = connected.writableLength > 0;
    connected.write(line, onLost === undefined ? undefined : (error) => void (error && onLost()));
    // A daemon that has left this much unread is stuck, and what waits to be written would keep the process alive.
    if (connected.writableLength > 0 && !wasBusy) endUnlessRead(connected, line.length);
    return true;
  }

  function endUnlessRead(socket: Socket, length: number): void {
    if (length <= AGENT_LINE_BYTES) return void socket.destroy();
    const timer = setTimeout(() => socket.destroy(), LONGEST_READ_MS).unref();
    socket.once('drain', () => clearTimeout(timer));
  }
}

function lineReader(socket: Socket, onMessage: (message: ToAgent) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const message = parse(line);
      if (message !== null) onMessage(message);
    }
    if (rest.length > AGENT_LINE_BYTES) socket.destroy();
  };
}

/** What the daemon said, or null for what this agent does not know. */
function parse(line: string): ToAgent | null {
  try {
    const { type, seq, graceMs, deadlineMs, message } = JSON.parse(line) as Record<string, unknown>;
    if (type === 'message') return { type, message };
    const isQuestion = type === 'vitals' || type === 'telemetry' || type === 'metrics';
    if (isQuestion && typeof seq === 'number') return { type, seq };
    if (type === 'drain' && isDuration(graceMs) && isDuration(deadlineMs)) return { type, graceMs, deadlineMs };
  } catch {
    // Not JSON, or no object.
  }
  return null;
}

function isDuration(value: unknown): value is number {
  return typeof value === 'number' && value >= 0;
}
