import { rmSync } from 'node:fs';
import net from 'node:net';
import {
  AGENT_LINE_BYTES,
  AGENT_PROTOCOL,
  type AgentVitals,
  type FromAgent,
  type ToAgent,
} from '../base/agent-protocol.ts';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { createJsonLineReader } from '../base/json-lines.ts';
import type { LiveProcess } from './instance.ts';
import type { DaemonLog } from './own-log.ts';

/** The agents in the apps: each is connected to the daemon's agent socket and answers when it is asked. */
export interface Agents {
  connected(process: LiveProcess): boolean;
  /**
   * Lets a process finish what it serves and take no more.
   * @param process with or without an agent
   * @param deadlineMs when to give up waiting for what is still open
   * @returns once it is done, gave up, or cannot be asked
   */
  drain(process: LiveProcess, deadlineMs: number): Promise<void>;
  /** What the process says of itself, null when it does not answer within the budget. */
  vitals(process: LiveProcess, budgetMs: number): Promise<AgentVitals | null>;
  close(): void;
}

interface Link {
  readonly pid: number;
  readonly socket: net.Socket;
  /** Told of the next answers, and of the end of the link by null. */
  readonly waiting: Set<(message: FromAgent | null) => void>;
}

/** A connection that was idle for so long after the process took no more is not about to be used. */
const DRAIN_GRACE_MS = 1_000;
/** How much later than its deadline an agent may answer before it is taken to hang. */
const HANG_MS = 500;
/** Beyond this many connections something is wrong with an app, and the others must not suffer. */
const MAX_LINKS = 10_000;

/**
 * Opens the agent socket; a problem with it costs the agents, never the supervision.
 * @param options path of the socket, clock, the daemon's own log
 * @returns the agents
 */
export function openAgents({ socket, clock, log }: { socket: string; clock: Clock; log: DaemonLog }): Agents {
  const links = new Map<string, Link>();
  let seq = 0;
  rmSync(socket, { force: true });
  const server = net.createServer((connection) => greet(connection, links));
  server.maxConnections = MAX_LINKS;
  server.on('error', (error) => log.error({ problem: messageOf(error) }, 'agent socket'));
  // Bound before listen returns.
  const umask = process.umask(0o177);
  server.listen(socket);
  process.umask(umask);

  function linkOf({ id, generation, pid }: LiveProcess): Link | null {
    const link = links.get(keyOf(id, generation));
    // Whoever says hello for a process must be that process.
    return link?.pid === pid ? link : null;
  }

  /** Asks and waits for the answer that is meant; null when the time is up or the link is gone. */
  function ask<T>(
    link: Link,
    message: ToAgent,
    { within, pick }: { within: number; pick: (answer: FromAgent) => T | null },
  ): Promise<T | null> {
    return new Promise((resolve) => {
      const done = (value: T | null) => {
        link.waiting.delete(listen);
        cancel();
        resolve(value);
      };
      const listen = (answer: FromAgent | null) => {
        const picked = answer === null ? null : pick(answer);
        if (answer === null || picked !== null) done(picked);
      };
      const cancel = clock.after(within, () => done(null));
      link.waiting.add(listen);
      link.socket.write(`${JSON.stringify(message)}\n`);
    });
  }

  return {
    connected: (process) => linkOf(process) !== null,
    async drain(process, deadlineMs) {
      const link = linkOf(process);
      if (link === null) return;
      const pick = (answer: FromAgent) => (answer.type === 'drained' ? true : null);
      // The agent keeps to the deadline itself; this bound is for one that hangs.
      const graceMs = Math.min(DRAIN_GRACE_MS, deadlineMs);
      await ask(link, { type: 'drain', graceMs, deadlineMs }, { within: deadlineMs + HANG_MS, pick });
    },
    async vitals(process, budgetMs) {
      const link = linkOf(process);
      if (link === null) return null;
      const own = ++seq;
      const pick = (answer: FromAgent) => (answer.type === 'vitals' && answer.seq === own ? answer.vitals : null);
      return ask(link, { type: 'vitals', seq: own }, { within: budgetMs, pick });
    },
    close() {
      server.close();
      for (const { socket: connection } of links.values()) connection.destroy();
      rmSync(socket, { force: true });
    },
  };
}

function greet(connection: net.Socket, links: Map<string, Link>): void {
  let key: string | null = null;
  let link: Link | null = null;
  const read = createJsonLineReader(AGENT_LINE_BYTES);

  function take(message: FromAgent): void {
    if (message.type !== 'hello') {
      for (const listen of [...(link?.waiting ?? [])]) listen(message);
    } else if (message.protocol === AGENT_PROTOCOL && link === null) {
      key = keyOf(message.id, message.generation);
      link = { pid: message.pid, socket: connection, waiting: new Set() };
      links.set(key, link);
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
    if (key !== null && links.get(key) === link) links.delete(key);
    for (const listen of [...(link?.waiting ?? [])]) listen(null);
  });
}

function keyOf(id: number, generation: number): string {
  return `${id}:${generation}`;
}
