import { rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { type FromHost, HOST_LINE_BYTES, type ToHost } from '../base/host-protocol.ts';
import { createJsonLineReader } from '../base/json-lines.ts';
import type { FactLog } from './facts.ts';
import { readRequest } from './requests.ts';

/** Nobody else may connect: unix(7), permissions of the socket file. */
/** Of UTF-8 beside its two bytes in a string. */
const LONGEST_CHARACTER_BYTES = 3;
const PRIVATE_UMASK = 0o177;

export interface DaemonLink {
  /** Sends what the daemon has not been sent. */
  push(): void;
  /** Says something that may be lost: nothing waits for a daemon that is away or slow. */
  tell(message: FromHost): void;
  /** Sends the rest, closes the socket and takes its file away. */
  close(done: () => void): void;
}

export interface DaemonLinkOptions {
  /** Path; a file that is there is replaced. */
  readonly socket: string;
  readonly facts: Pick<FactLog, 'next'>;
  hello(): FromHost;
  onRequest(request: ToHost): void;
}

/**
 * Listens for the daemon, one at a time: who comes later replaces who is there. Each is sent `hello` and every fact
 * that was not acknowledged.
 * @param options where, and what is said and heard
 * @returns the link; an error of listen(2) is not caught
 */
export function createDaemonLink({ socket: path, facts, hello, onRequest }: DaemonLinkOptions): DaemonLink {
  let daemon: Socket | null = null;
  let sentSeq = 0;

  function push(): void {
    // What a daemon does not read stays in the log, which has a bound.
    while (daemon?.writable === true && !daemon.writableNeedDrain) {
      const next = facts.next(sentSeq);
      if (next === null) return;
      sentSeq = next.seq;
      say(daemon, { type: 'fact', ...next });
    }
  }

  function take(from: Socket, value: unknown): boolean {
    const request = readRequest(value);
    if (request === 'nonsense') {
      drop(from, 'a request that is none');
      return false;
    }
    if (request !== null) onRequest(request);
    return true;
  }

  const server = createServer((socket) => {
    daemon?.destroy();
    daemon = socket;
    sentSeq = 0;
    const read = createJsonLineReader(HOST_LINE_BYTES);
    socket.on('data', (chunk) => {
      const { values, broken } = read(chunk);
      if (values.every((value) => take(socket, value)) && broken !== null) drop(socket, broken);
    });
    socket.on('drain', push);
    // Its close follows.
    socket.on('error', () => {});
    socket.on('close', () => {
      if (daemon === socket) daemon = null;
    });
    say(socket, hello());
    push();
  });

  rmSync(path, { force: true });
  // The mask is of the whole process and goes on to workers: it is set for this one call, in which the file is made.
  const umask = process.umask(PRIVATE_UMASK);
  server.listen(path);
  process.umask(umask);

  return {
    push,
    tell(message) {
      if (daemon?.writable !== true || daemon.writableNeedDrain) return;
      const line = `${JSON.stringify(message)}\n`;
      if (line.length < HOST_LINE_BYTES / LONGEST_CHARACTER_BYTES) daemon.write(line);
    },
    close(done) {
      server.close();
      if (daemon === null) return done();
      daemon.end(done);
    },
  };
}

function say(socket: Socket, message: FromHost): void {
  socket.write(`${JSON.stringify(message)}\n`);
}

function drop(socket: Socket, why: string): void {
  process.stderr.write(`cluster host: a client is dropped, it sent ${why}\n`);
  socket.destroy();
}
