import type { AgentAddress, FromAgent } from '../base/agent-protocol.ts';
import { EXPOSED_REGISTRIES, type TelemetryGroup } from '../base/agent-telemetry.ts';
import { guarded } from './guard.ts';
import { onExit } from './process-exit.ts';
import type { Telemetry } from './telemetry.ts';

/** Beside this bundle. */
const FILE = 'telemetry.cjs';
const CLIENT_PACKAGES = /[\\/](?:prom-client|@prometheus-io[\\/]client)[\\/]index\.js$/;

/** What is counted, in an app that has nothing to count yet. */
export interface TelemetryGate {
  answerTelemetry(seq: number): void;
  answerMetrics(seq: number): void;
  /** Puts what was counted into a file. */
  save(): void;
}

export interface GateOptions {
  readonly address: AgentAddress;
  /** @returns false when the message is too long */
  send(message: FromAgent): boolean;
  /** Connections of the app's servers that were upgraded. */
  upgradedConnections(): number;
}

/**
 * Waits for the first thing that is to be counted or told, and only then loads what does it: an idle app pays nothing.
 * @param options where the agent belongs and whom it answers
 * @returns the gate
 */
export function createTelemetryGate({ address, send, upgradedConnections }: GateOptions): TelemetryGate {
  const { telemetry: groups, snapshot } = address;
  let inside: Telemetry | null = null;
  let isLoaded = false;
  let onRequest: ((message: unknown) => void) | null = null;
  const use = (): Telemetry | null => (isLoaded ? inside : load());
  const has = (group: TelemetryGroup) => groups.includes(group);
  const save = guarded(() => {
    if (inside !== null || (has('app') && mayHaveRegistry())) use()?.save();
  });
  if (has('http_server') || has('http_client')) subscribe();
  if (groups.length > 0) onExit(save);

  return {
    answerTelemetry: (seq) => use()?.answerTelemetry(seq),
    answerMetrics: (seq) => use()?.answerMetrics(seq),
    save,
  };

  function load(): Telemetry | null {
    isLoaded = true;
    // It is there unless the product was removed or upgraded meanwhile: then nothing is counted.
    const file = `${__dirname}/${FILE}`;
    const { createTelemetry } = require(file) as typeof import('./telemetry.ts'); // its bundle
    inside = createTelemetry({ groups, snapshot, send, upgradedConnections });
    return inside;
  }

  /** Each by itself, as all requests of the app pass here. A subscriber that throws would end the app. */
  function subscribe(): void {
    const channels = process.getBuiltinModule('node:diagnostics_channel');
    const follow = (name: string, count: (message: unknown) => void) => {
      channels.subscribe(name, (message) => {
        try {
          count(message);
        } catch {
          // The app must not die of its agent.
        }
      });
    };
    if (has('http_server')) {
      // Without the detours of `follow`: they would be a tenth of what a request costs here.
      channels.subscribe('http.server.request.start', (message) => {
        try {
          if (onRequest === null) onRequest = use()?.server.onRequest ?? ignore;
          onRequest(message);
        } catch {
          // As above.
        }
      });
      // From Node 24 on.
      follow('http2.server.stream.start', (message) => use()?.server.onStream(message));
    }
    if (!has('http_client')) return;
    // From Node 22 on; before, the start is the first to be heard of a request.
    follow('http.client.request.created', (message) => use()?.client.onStart(message));
    follow('http.client.request.start', (message) => use()?.client.onStart(message));
    // Without a start where there was no connection.
    follow('http.client.request.error', (message) => use()?.client.onError(message));
    // undici, and with it fetch().
    follow('undici:request:create', (message) => use()?.client.onStart(message));
  }
}

function ignore(): void {}

/** A look at names only. */
function mayHaveRegistry(): boolean {
  if (Symbol.for(EXPOSED_REGISTRIES) in globalThis) return true;
  return Object.keys(require.cache).some((file) => CLIENT_PACKAGES.test(file));
}
