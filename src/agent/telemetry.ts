/**
 * What the agent counts and tells beyond vitals: a bundle of its own, loaded with the first request that is counted or
 * the first question, as most of an agent's life is idle.
 */
import { AGENT_METRICS_BYTES, type FromAgent } from '../base/agent-protocol.ts';
import type { AgentCounters, AppFamily, HistogramRow, TelemetryGroup } from '../base/agent-telemetry.ts';
import { readFamilies } from './families.ts';
import { readFamiliesNow } from './families-now.ts';
import { watchGc } from './gc-watch.ts';
import { guarded } from './guard.ts';
import { type ClientCounts, createClientCounts } from './http-client-counts.ts';
import { createServerCounts, type ServerCounts } from './http-server-counts.ts';
import { watchOwnCounters } from './own-counters.ts';
import { createRegistryFinder, metricsOf } from './registries.ts';
import { createRuntime } from './runtime.ts';
import { createSnapshots } from './snapshots.ts';

const MICROSECONDS = 1e6;
const MILLISECONDS = 1e3;

export interface Telemetry {
  readonly server: ServerCounts;
  readonly client: ClientCounts;
  answerTelemetry(seq: number): void;
  answerMetrics(seq: number): void;
  /** Puts what was counted into a file. */
  save(): void;
}

export interface TelemetryOptions {
  readonly groups: readonly TelemetryGroup[];
  readonly snapshot: string;
  /** @returns false when the message is too long */
  send(message: FromAgent): boolean;
  upgradedConnections(): number;
}

/**
 * Makes the counters of the process and begins to keep them in files.
 * @param options what may be measured, and where it goes
 * @returns the telemetry
 */
export function createTelemetry({ groups, snapshot, send, upgradedConnections }: TelemetryOptions): Telemetry {
  const has = (group: TelemetryGroup) => groups.includes(group);
  const findRegistries = has('app') ? createRegistryFinder() : () => [];
  const readRuntime = has('runtime') ? createRuntime() : null;
  let gc: (() => readonly HistogramRow[]) | null = null;
  let taken = 0;
  const familiesNow = (): readonly AppFamily[] => readFamiliesNow(findRegistries());
  const snapshots = createSnapshots({ path: snapshot, take: takeSnapshot });
  const server = createServerCounts(snapshots.touch);
  const client = createClientCounts(snapshots.touch);
  const own = watchOwnCounters({ read: () => JSON.stringify(familiesNow()), onChange: snapshots.touch });

  return {
    server,
    client,
    answerTelemetry(seq) {
      if (readRuntime === null) return tell(seq, null);
      gc ??= watchGc();
      readRuntime(guarded((runtime) => tell(seq, runtime)));
    },
    answerMetrics(seq) {
      void tellFamilies(seq).catch(() => {});
    },
    save: guarded(snapshots.save),
  };

  function tell(seq: number, runtime: Extract<FromAgent, { type: 'telemetry' }>['telemetry']['runtime']): void {
    const telemetry = {
      taken: ++taken,
      runtime,
      counters: counters(),
      activeRequests: server.active(),
      upgradedConnections: has('http_server') ? upgradedConnections() : 0,
      ownMetrics: findRegistries().some((registry) => metricsOf(registry).length > 0),
    };
    send({ type: 'telemetry', seq, telemetry });
    if (groups.length > 0) snapshots.told();
  }

  async function tellFamilies(seq: number): Promise<void> {
    const registries = findRegistries();
    if (registries.length > 0) own.start();
    const { families, problem } = await readFamilies(registries);
    const number = ++taken;
    if (registries.length > 0) snapshots.told();
    if (send({ type: 'metrics', seq, taken: number, families, problem })) return;
    send({ type: 'metrics', seq, taken: number, families: null, problem: 'too_long' });
  }

  function counters(): AgentCounters {
    const isRuntime = has('runtime');
    const { user, system } = isRuntime ? process.cpuUsage() : { user: 0, system: 0 };
    return {
      cpuUserSeconds: user / MICROSECONDS,
      cpuSystemSeconds: system / MICROSECONDS,
      loopActiveSeconds: isRuntime ? performance.eventLoopUtilization().active / MILLISECONDS : 0,
      gc: gc?.() ?? [],
      httpServer: server.rows(),
      httpClient: client.rows(),
    };
  }

  function takeSnapshot(): { taken: number; text: string } {
    const number = ++taken;
    const families = JSON.stringify(familiesNow());
    own.note(families);
    const kept = families.length > AGENT_METRICS_BYTES ? '[]' : families;
    return { taken: number, text: `{"taken":${number},"counters":${JSON.stringify(counters())},"families":${kept}}` };
  }
}
