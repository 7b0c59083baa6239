import { rmSync } from 'node:fs';
import net from 'node:net';
import type { AgentVitals, FromAgent, ToAgent } from '../base/agent-protocol.ts';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { type FiguresKind, greet, type Link } from './agent-link.ts';
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
  /**
   * Asks for figures. A process that still owes an answer is not asked again, and is waited for only as long as a late
   * answer may take.
   * @param process with or without an agent
   * @param question what to ask, how long to wait, and who takes the answer: also when it comes later than that
   * @returns if it answered in time; null without an agent
   */
  ask<K extends FiguresKind>(process: LiveProcess, question: FiguresQuestion<K>): Promise<boolean> | null;
  /** The way to a process whose agent has its IPC channel. */
  channelTo(process: Link['hello']): LiveProcess['send'];
  close(): void;
}

export interface AgentsOptions {
  /** Absolute path. */
  readonly socket: string;
  readonly clock: Clock;
  readonly log: DaemonLog;
  /** An app has sent a message, or its agent says no more. */
  readonly onMessage: (from: Link['hello'], message: unknown) => void;
  readonly onGone: (from: Link['hello']) => void;
}

export interface FiguresQuestion<K extends FiguresKind> {
  readonly kind: K;
  readonly budgetMs: number;
  readonly take: (answer: Extract<FromAgent, { readonly type: K }>) => void;
}

/** A connection that was idle for so long after the process took no more is not about to be used. */
const DRAIN_GRACE_MS = 1_000;
/** Agents try to connect every two seconds at least. */
const ARRIVAL_MS = 2_500;
/** How much later than its deadline an agent may answer before it is taken to hang. */
const HANG_MS = 500;
/** An agent that owes an answer since the scrape before is mute: what is on its way already may still arrive. */
const MUTE_GRACE_MS = 20;
/** Beyond this many connections something is wrong with an app, and the others must not suffer. */
const MAX_LINKS = 10_000;

/**
 * Opens the agent socket; a problem with it costs the agents, never the supervision.
 * @param options path of the socket, clock, the daemon's own log
 * @returns the agents
 */
export function openAgents({ socket, clock, log, onMessage, onGone }: AgentsOptions): Agents {
  const links = new Map<string, Link>();
  const connections = new Set<net.Socket>();
  const arrivals = new Set<() => void>();
  let seq = 0;
  rmSync(socket, { force: true });
  const server = net.createServer((connection) => {
    connections.add(connection);
    connection.on('close', () => connections.delete(connection));
    greet(connection, {
      clock,
      onHello(link) {
        links.set(keyOf(link.hello), link);
        for (const look of [...arrivals]) look();
      },
      onMessage: ({ hello }, message) => onMessage(hello, message),
      onClose(link) {
        if (links.get(keyOf(link.hello)) !== link) return;
        links.delete(keyOf(link.hello));
        onGone(link.hello);
      },
    });
  });
  server.maxConnections = MAX_LINKS;
  server.on('error', (error) => log.error({ problem: messageOf(error) }, 'agent socket'));
  // Bound before listen returns.
  const umask = process.umask(0o177);
  server.listen(socket);
  process.umask(umask);

  const linkOf = (process: Link['hello']): Link | null => links.get(keyOf(process)) ?? null;

  /** The agent of a process that an earlier daemon had: it tries to connect again, the longer the more seldom. */
  function arrival(process: LiveProcess, deadlineMs: number): Promise<Link | null> {
    return new Promise((resolve) => {
      const done = () => {
        arrivals.delete(look);
        cancel();
        resolve(linkOf(process));
      };
      const look = () => linkOf(process) !== null && done();
      const cancel = clock.after(Math.min(ARRIVAL_MS, deadlineMs), done);
      arrivals.add(look);
    });
  }

  /** Waits for the answer that is meant; null when the time is up or the link is gone. */
  function next<T>(
    link: Link,
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
    });
  }

  function ask<T>(link: Link, message: ToAgent, wait: { within: number; pick: (answer: FromAgent) => T | null }) {
    link.send(message);
    return next(link, wait);
  }

  /** Takes the answer whenever it comes; it stays with the link. */
  function open<K extends FiguresKind>(link: Link, { kind, take }: FiguresQuestion<K>): void {
    const own = ++seq;
    link.open.set(kind, own);
    const listen = (answer: FromAgent | null) => {
      if (!isAnswer(answer, kind, own)) return;
      link.waiting.delete(listen);
      link.open.delete(kind);
      take(answer);
    };
    link.waiting.add(listen);
    link.send({ type: kind, seq: own });
  }

  return {
    connected: (process) => linkOf(process) !== null,
    async drain(process, deadlineMs) {
      const link = linkOf(process) ?? (process.adopted ? await arrival(process, deadlineMs) : null);
      if (link === null) return;
      const pick = (answer: FromAgent) => (answer.type === 'drained' ? true : null);
      // The agent keeps to the deadline itself; this bound is for one that hangs.
      const graceMs = Math.min(DRAIN_GRACE_MS, deadlineMs);
      await ask(link, { type: 'drain', graceMs, deadlineMs }, { within: deadlineMs + HANG_MS, pick });
    },
    channelTo: (process) => (message, onFailed) => {
      const link = linkOf(process);
      if (link === null) onFailed();
      else link.send({ type: 'message', message });
    },
    async vitals(process, budgetMs) {
      const link = linkOf(process);
      if (link === null) return null;
      const own = ++seq;
      const pick = (answer: FromAgent) => (answer.type === 'vitals' && answer.seq === own ? answer.vitals : null);
      return ask(link, { type: 'vitals', seq: own }, { within: budgetMs, pick });
    },
    ask(process, question) {
      const link = linkOf(process);
      if (link === null) return null;
      const { kind, budgetMs } = question;
      const isMute = link.open.has(kind);
      if (!isMute) open(link, question);
      // Behind `take` in the list of those who listen, so it is done when this is.
      const pick = () => (link.open.has(kind) ? null : true);
      const answered = next(link, { within: isMute ? Math.min(budgetMs, MUTE_GRACE_MS) : budgetMs, pick });
      return answered.then((done) => done === true);
    },
    close() {
      server.close();
      for (const connection of connections) connection.destroy();
      rmSync(socket, { force: true });
    },
  };
}

function isAnswer<K extends FiguresKind>(
  answer: FromAgent | null,
  kind: K,
  seq: number,
): answer is Extract<FromAgent, { readonly type: K }> {
  return answer?.type === kind && 'seq' in answer && answer.seq === seq;
}

/** Whoever says hello for a process must be that process. */
function keyOf(process: { readonly id: number; readonly generation: number; readonly pid: number }): string {
  return `${process.id}:${process.generation}:${process.pid}`;
}
