import { HOST_FACTS_KEPT, HOST_PROTOCOL, type HostSetup, type ToHost } from '../base/host-protocol.ts';
import { VERSION } from '../base/version.ts';
import { createDaemonLink } from './daemon-link.ts';
import { createFactLog } from './facts.ts';
import { createWorkers } from './workers.ts';

/** The host ends when it is told to, or by SIGKILL: what is meant for the daemon or a terminal must not end the app. */
const IGNORED_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGPIPE'] as const;
/** A daemon that does not read cannot keep an ended host. */
const LAST_WORDS_MS = 1_000;

if (typeof process.getBuiltinModule !== 'function') {
  process.stderr.write(`cluster host: expected Node 20.19 or newer, got ${process.version}\n`);
  process.exit(1);
}
main(readSetup(process.argv[2]));

/**
 * The cluster host: node:cluster primary of one app, told by the daemon, outliving it.
 * An error that nothing expects ends it with code 1 and its stack on stderr, as Node does; its workers then end too.
 */
function main({ socket, schedule }: HostSetup): void {
  for (const signal of IGNORED_SIGNALS) process.on(signal, () => {});
  // cluster.fork adds the host's environment to that of each worker.
  for (const name of Object.keys(process.env)) delete process.env[name];

  const facts = createFactLog(HOST_FACTS_KEPT);
  const workers = createWorkers({
    schedule,
    onFact(fact) {
      facts.add(fact);
      link.push();
    },
    onMessage: (key, message) => link.tell({ type: 'message', ...key, message }),
    onEmpty() {
      setTimeout(() => process.exit(0), LAST_WORDS_MS);
      link.close(() => process.exit(0));
    },
  });
  const link = createDaemonLink({
    socket,
    facts,
    hello: () => ({
      type: 'hello',
      protocol: HOST_PROTOCOL,
      version: VERSION,
      pid: process.pid,
      workers: workers.living(),
      pending: facts.pending(),
      lost: facts.lost(),
    }),
    onRequest,
  });

  function onRequest(request: ToHost): void {
    switch (request.type) {
      case 'fork':
        workers.fork(request);
        break;
      case 'send':
        workers.send(request, request.message);
        break;
      case 'listen':
        workers.listen(request.on);
        break;
      case 'end':
        workers.end();
        break;
      case 'ack':
        facts.ack(request.seq);
        break;
      default:
        request satisfies never;
    }
  }
}

function readSetup(text: string | undefined): HostSetup {
  const setup: unknown = JSON.parse(text ?? 'null');
  if (typeof setup === 'object' && setup !== null && 'socket' in setup && 'schedule' in setup) {
    const { socket, schedule } = setup;
    if (typeof socket === 'string' && (schedule === 'shared' || schedule === 'round_robin'))
      return { socket, schedule };
  }
  throw new TypeError(`cluster host: expected its setup as JSON, got ${text}`);
}
