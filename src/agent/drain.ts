import type { Server } from 'node:net';
import type { ToAgent } from '../base/agent-protocol.ts';
import { guarded } from './guard.ts';
import { answerClose, createIdleCloser, type IdleCloser } from './http-connections.ts';
import { createHttp2Sessions } from './http2-sessions.ts';
import { nowMs } from './now.ts';
import type { Servers } from './servers.ts';
import { closeSilently } from './silent-close.ts';

/** Between two looks at what is still open. Only while a drain is on. */
const LOOK_EVERY_MS = 50;

type DrainOrder = Extract<ToAgent, { readonly type: 'drain' }>;

/** The end of the app's work as a server. */
export interface Drain {
  /** Begins, or goes on by another order. */
  begin(order: DrainOrder): void;
  /** True from the first order on. */
  isOn(): boolean;
  /** Takes note of a server that begins to listen, and closes it when it does so too late. */
  onListening(server: Server): void;
}

interface Course {
  readonly order: DrainOrder;
  readonly startMs: number;
  readonly idle: IdleCloser;
  /** Set when the HTTP/2 sessions have been told to end. */
  hasEndedSessions: boolean;
}

/**
 * Makes the drain: servers stop accepting, what is in flight is finished, clients are told to go elsewhere.
 * Its timers do not keep the process alive: the servers that it closed do, as they did before (see silent-close).
 * @param servers of the app
 * @param onDrained called with the number of connections that are left, once for each order
 * @returns the drain, not begun
 */
export function createDrain(servers: Servers, onDrained: (open: number) => void): Drain {
  let isOn = false;
  let timer: NodeJS.Timeout | null = null;
  const sessions = createHttp2Sessions();

  return {
    isOn: () => isOn,
    begin(order) {
      if (!isOn) answerClose(servers.all());
      isOn = true;
      for (const server of servers.listening()) closeSilently(server);
      sessions.announceEnd();
      const course = { order, startMs: nowMs(), idle: createIdleCloser(order.graceMs), hasEndedSessions: false };
      if (timer !== null) clearInterval(timer);
      timer = setInterval(guarded(look), LOOK_EVERY_MS, course);
      timer.unref();
      look(course);
    },
    onListening(server) {
      sessions.watch(server);
      // Later, as net.Server.listen() is not done with the handle yet.
      if (isOn) process.nextTick(guarded(closeSilently), server);
    },
  };

  function look(course: Course): void {
    const passedMs = nowMs() - course.startMs;
    const open = servers.openConnections();
    if (open === 0 || passedMs >= course.order.deadlineMs) {
      if (timer !== null) clearInterval(timer);
      timer = null;
      onDrained(open);
      return;
    }
    course.idle.note(servers.all(), passedMs);
    // After the poll phase: what has arrived by now was read, and what it belongs to is not idle any more.
    setImmediate(guarded(course.idle.close), passedMs).unref();
    if (passedMs < course.order.graceMs || course.hasEndedSessions) return;
    course.hasEndedSessions = true;
    sessions.end();
  }
}
