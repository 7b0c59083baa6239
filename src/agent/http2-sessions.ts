import type { Http2Server, ServerHttp2Session } from 'node:http2';
import type { Server } from 'node:net';
import { guarded } from './guard.ts';

/** The highest stream id there is: a GOAWAY that refuses nothing yet. */
const ANY_STREAM = 2 ** 31 - 1;

/** The HTTP/2 sessions of the app's servers. */
export interface Http2Sessions {
  /** Learns of the sessions of a server; one that does not speak HTTP/2 is left alone. */
  watch(server: Server): void;
  /** Tells each client, those to come included, to open no further streams; those that it has opened are served. */
  announceEnd(): void;
  /** Lets each session end with its last open stream. */
  end(): void;
}

/**
 * Makes a list of sessions. It needs a listener for 'session' on the server: there is no other way to them in Node 20.
 * @returns the list
 * @see RFC 9113, 6.8: a graceful shutdown has two GOAWAY frames
 */
export function createHttp2Sessions(): Http2Sessions {
  const sessions = new Set<ServerHttp2Session>();
  let isEnding = false;
  const announce = (session: ServerHttp2Session) => {
    if (!session.closed) session.goaway(0, ANY_STREAM);
  };
  const onSession = guarded((session: ServerHttp2Session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    if (isEnding) announce(session);
  });
  return {
    watch(server) {
      if (!isHttp2(server)) return;
      server.removeListener('session', onSession);
      server.on('session', onSession);
    },
    announceEnd() {
      isEnding = true;
      for (const session of sessions) guarded(announce)(session);
    },
    end() {
      for (const session of sessions) session.close();
    },
  };
}

function isHttp2(server: Server): server is Http2Server {
  return 'updateSettings' in server;
}
