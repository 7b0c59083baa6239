/**
 * The agent: a preload (`--require`) in supervised Node apps. It says which servers listen, drains them when asked,
 * answers vitals and telemetry and saves the last words of an app that dies. It runs inside a program that is not ours:
 * it never throws, never prints, never keeps the process alive and leaves no trace in what the app starts.
 */
import { AGENT_PROTOCOL, type AgentAddress, type ToAgent } from '../base/agent-protocol.ts';
import { takeAddress } from './address.ts';
import { offerChannel } from './channel-gate.ts';
import { createDrain } from './drain.ts';
import { guarded } from './guard.ts';
import { upgradedConnections } from './http-connections.ts';
import { saveLastWords } from './last-words.ts';
import { createLink } from './link.ts';
import { removeRequireOf } from './own-require.ts';
import { addressOf, watchServers } from './servers.ts';
import { createTelemetryGate } from './telemetry-gate.ts';
import { createVitals } from './vitals.ts';

guarded(arrive)();

function arrive(): void {
  removeRequireOf(__filename, process.execArgv);
  const address = takeAddress(process.env);
  if (address === null || isWorkerThread()) return;
  saveLastWords();
  attend(address);
}

/**
 * Worker threads run the preload too. Node marks there what belongs to the process alone: this answer is free, whereas
 * node:worker_threads costs each app half a millisecond and half a megabyte.
 */
function isWorkerThread(): boolean {
  return 'disabled' in process.chdir;
}

function attend(address: AgentAddress): void {
  const { socket, id, generation } = address;
  const servers = watchServers((server) => {
    drain.onListening(server);
    if (!drain.isOn()) link.send({ type: 'listening', address: addressOf(server) });
  });
  const drain = createDrain(servers, (open) => {
    // The signal comes next, and an app without a handler for it dies without another word.
    telemetry.save();
    link.send({ type: 'drained', open });
  });
  const vitals = createVitals();
  const link = createLink(socket, {
    onConnect() {
      link.send({ type: 'hello', protocol: AGENT_PROTOCOL, id, generation, pid: process.pid });
      channel?.onConnect();
      if (drain.isOn()) return;
      for (const server of servers.listening()) link.send({ type: 'listening', address: addressOf(server) });
    },
    onMessage: answer,
  });

  const channel =
    address.channel && process.send === undefined
      ? offerChannel({ isConnected: link.isConnected, say: link.send })
      : null;
  const telemetry = createTelemetryGate({
    address,
    send: link.send,
    upgradedConnections: () => upgradedConnections(servers.all()),
  });

  function answer(message: ToAgent): void {
    switch (message.type) {
      case 'drain':
        drain.begin(message);
        return;
      case 'message':
        channel?.deliver(message.message);
        return;
      case 'vitals':
        link.send({ type: 'vitals', seq: message.seq, vitals: vitals() });
        return;
      case 'telemetry':
        telemetry.answerTelemetry(message.seq);
        return;
      case 'metrics':
        telemetry.answerMetrics(message.seq);
        return;
      default:
        // A newer daemon may say what this agent does not know.
        message satisfies never;
    }
  }
}
