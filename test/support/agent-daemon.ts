import { rmSync } from 'node:fs';
import net from 'node:net';
import { onTestFinished } from 'vitest';
import type { FromAgent, ToAgent } from '../../src/base/agent-protocol.ts';
import { until } from './until.ts';

export type Said<T extends FromAgent['type']> = Extract<FromAgent, { readonly type: T }>;

/** The daemon's end of the agent socket, and nothing else of the daemon. */
export interface AgentDaemon {
  /** All that agents have said, in order, since the beginning. */
  readonly heard: readonly FromAgent[];
  /** Waits until agents have said something a number of times in all. */
  untilHeard<T extends FromAgent['type']>(type: T, count?: number): Promise<readonly Said<T>[]>;
  /** Says something to each agent, or to that of one process. */
  say(message: ToAgent, pid?: number): void;
  /** Writes any text to each agent. */
  sayRaw(text: string): void;
  /** Closes socket and connections, as a daemon that dies. */
  stop(): Promise<void>;
  /** Listens again. */
  start(): Promise<void>;
  /** Agents that are connected. */
  connections(): number;
}

/**
 * Starts a daemon's agent socket that ends with the test.
 * @param path absolute path of the socket
 * @returns the daemon, listening
 */
export async function agentDaemon(path: string): Promise<AgentDaemon> {
  const heard: FromAgent[] = [];
  const agents = new Map<net.Socket, number | null>();
  const server = net.createServer((socket) => {
    agents.set(socket, null);
    let rest = '';
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const message = JSON.parse(line) as FromAgent; // a line of the agent is JSON, or the test fails here
        heard.push(message);
        if (message.type === 'hello') agents.set(socket, message.pid);
      }
    });
    socket.on('error', () => {});
    socket.on('close', () => agents.delete(socket));
  });
  const start = () => new Promise<void>((resolve) => server.listen(path, () => resolve()));
  const stop = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of agents.keys()) socket.destroy();
    await closed;
    rmSync(path, { force: true });
  };
  await start();
  onTestFinished(stop);
  const of = <T extends FromAgent['type']>(type: T) =>
    heard.filter((message): message is Said<T> => message.type === type);

  return {
    heard,
    untilHeard(type, count = 1) {
      const look = () => {
        if (of(type).length >= count) return of(type);
        throw new Error(`heard so far: ${JSON.stringify(heard).slice(-1_000)}`);
      };
      return until(look, { what: `${count} x ${type}` });
    },
    say(message, pid) {
      for (const [socket, of] of agents) {
        if (pid === undefined || pid === of) socket.write(`${JSON.stringify(message)}\n`);
      }
    },
    sayRaw(text) {
      for (const socket of agents.keys()) socket.write(text);
    },
    stop,
    start,
    connections: () => agents.size,
  };
}
