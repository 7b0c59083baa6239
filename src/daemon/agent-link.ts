import type net from 'node:net';
import {
  AGENT_LINE_BYTES,
  AGENT_METRICS_BYTES,
  AGENT_PROTOCOL,
  type FromAgent,
  type ToAgent,
} from '../base/agent-protocol.ts';
import type { Clock } from '../base/clock.ts';
import { createJsonLineReader } from '../base/json-lines.ts';

/** Questions for figures: at most one of each is open at a time. */
export type FiguresKind = 'telemetry' | 'metrics';

/** The connection to one agent. */
export interface Link {
  readonly hello: { readonly id: number; readonly generation: number; readonly pid: number };
  send(message: ToAgent): void;
  /** Told of the next answers, and of the end of the link by null. */
  readonly waiting: Set<(message: FromAgent | null) => void>;
  /** Number of the question without an answer. */
  readonly open: Map<FiguresKind, number>;
}

/** An agent says hello at once. */
const HELLO_MS = 10_000;

export interface LinkEvents {
  readonly clock: Clock;
  /** An agent has said who it is. */
  onHello(link: Link): void;
  /** The app has sent a message. */
  onMessage(link: Link, message: unknown): void;
  onClose(link: Link): void;
}

/**
 * Waits for the agent on a new connection to say who it is, then hands on what it says.
 * @param connection accepted on the agent socket
 * @param events told of its beginning and its end
 */
export function greet(connection: net.Socket, { clock, onHello, onMessage, onClose }: LinkEvents): void {
  let link: Link | null = null;
  // Only an app that was asked for its own metrics may answer at length.
  const read = createJsonLineReader(() => (link?.open.has('metrics') ? AGENT_METRICS_BYTES : AGENT_LINE_BYTES));
  const cancelHello = clock.after(HELLO_MS, () => connection.destroy());

  function take(message: FromAgent): void {
    if (message.type === 'message') {
      if (link !== null) onMessage(link, message.message);
    } else if (message.type !== 'hello') {
      for (const listen of [...(link?.waiting ?? [])]) listen(message);
    } else if (message.protocol === AGENT_PROTOCOL && link === null) {
      cancelHello();
      const { id, generation, pid } = message;
      const send = (said: ToAgent) => void connection.write(`${JSON.stringify(said)}\n`);
      link = { hello: { id, generation, pid }, send, waiting: new Set(), open: new Map() };
      onHello(link);
    } else connection.destroy();
  }

  connection.on('data', (chunk) => {
    const { values, broken } = read(chunk);
    for (const value of values) {
      const isMessage = typeof value === 'object' && value !== null && 'type' in value;
      // The agent is ours, of the same or an older version: fields of a type do not change their meaning.
      if (isMessage) take(value as FromAgent);
    }
    if (broken !== null) connection.destroy();
  });
  connection.on('error', () => {
    // It closes as well.
  });
  connection.on('close', () => {
    cancelHello();
    if (link === null) return;
    onClose(link);
    for (const listen of [...link.waiting]) listen(null);
  });
}
