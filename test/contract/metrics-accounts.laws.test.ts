import fc from 'fast-check';
import { describe, it } from 'vitest';
import { createAgentAccount } from '../../src/metrics/agent-account.ts';
import { type AgentFigures, readFigures } from '../../src/metrics/agent-figures.ts';
import { createAppAccount } from '../../src/metrics/app-account.ts';
import { readFamilies } from '../../src/metrics/app-families.ts';

const MOST_PROCESSES = 4;
const SLOTS = 2;

/** What can happen to the processes of an app, as the daemon sees it. */
type Step =
  /** The newest process of a slot is followed by another one; a reload keeps both alive for a while. */
  | { readonly type: 'start'; readonly slot: number }
  | { readonly type: 'count'; readonly which: number; readonly by: number }
  /** Fixes an answer, which arrives at once or later; late ones are overtaken by newer. */
  | { readonly type: 'answer'; readonly which: number }
  | { readonly type: 'arrive'; readonly which: number; readonly answer: number }
  /** What the process has counted last is in its snapshot, or was lost with it. */
  | { readonly type: 'die'; readonly which: number; readonly snapshot: boolean }
  | { readonly type: 'scale_down'; readonly slot: number };

const which = fc.nat({ max: MOST_PROCESSES });
const slot = fc.nat({ max: SLOTS - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constant('start' as const), slot }),
  fc.record({ type: fc.constant('count' as const), which, by: fc.integer({ min: 1, max: 50 }) }),
  fc.record({ type: fc.constant('answer' as const), which }),
  fc.record({ type: fc.constant('arrive' as const), which, answer: fc.nat({ max: 3 }) }),
  fc.record({ type: fc.constant('die' as const), which, snapshot: fc.boolean() }),
  fc.record({ type: fc.constant('scale_down' as const), slot }),
);

interface Process {
  readonly slot: number;
  readonly generation: number;
  counted: number;
  taken: number;
  /** Answers under way: [taken, counted]. */
  readonly late: (readonly [number, number])[];
  /** The newest of what has arrived. */
  known: { readonly taken: number; readonly counted: number };
}

/** The accounts under test, and beside them what they must come to. */
function createWorld() {
  const agents = Array.from({ length: SLOTS }, () => createAgentAccount(() => 0));
  const app = createAppAccount(() => {});
  const processes: Process[] = [];
  let generations = 0;
  let retired = 0;
  const retiredBySlot = new Array<number>(SLOTS).fill(0);

  function arrive(process: Process, taken: number, counted: number): void {
    const { slot: at, generation } = process;
    agents[at]?.take(generation, figures(taken, counted));
    app.take({ instance: at, slot: at, generation, startedAtMs: generation }, taken, families(counted));
    if (taken > process.known.taken) process.known = { taken, counted };
  }

  function die(process: Process, snapshot: boolean): void {
    if (snapshot) arrive(process, ++process.taken, process.counted);
    agents[process.slot]?.retire(process.generation);
    app.retire(process.slot, process.generation);
    processes.splice(processes.indexOf(process), 1);
    retired += process.known.counted;
    retiredBySlot[process.slot] = (retiredBySlot[process.slot] ?? 0) + process.known.counted;
  }

  function take(one: Step): void {
    if (one.type === 'start') {
      if (processes.length < MOST_PROCESSES) processes.push(newProcess(one.slot, ++generations));
      return;
    }
    if (one.type === 'scale_down') {
      for (const process of processes.filter((each) => each.slot === one.slot)) die(process, true);
      app.remove(one.slot);
      return;
    }
    const process = processes[one.which % Math.max(1, processes.length)];
    if (process === undefined) return;
    if (one.type === 'count') process.counted += one.by;
    else if (one.type === 'answer') process.late.push([++process.taken, process.counted]);
    else if (one.type === 'die') die(process, one.snapshot);
    else {
      const [answer] = process.late.splice(one.answer % Math.max(1, process.late.length), 1);
      if (answer !== undefined) arrive(process, ...answer);
    }
  }

  return {
    take,
    expected: () => retired + processes.reduce((sum, { known }) => sum + known.counted, 0),
    expectedOf: (at: number) =>
      (retiredBySlot[at] ?? 0) +
      processes.reduce((sum, { known, slot: own }) => sum + (own === at ? known.counted : 0), 0),
    /** What others take to say the same as long as it is the same object. */
    parts: () => [app.saved(), ...agents.flatMap((agent) => [agent.saved(), agent.totals()])],
    app: () => readApp(app),
    agent: (at: number) => sumOf(agents[at]?.totals().get('httpServer GET 2xx')),
  };
}

function newProcess(at: number, generation: number): Process {
  return { slot: at, generation, counted: 0, taken: 0, late: [], known: { taken: 0, counted: 0 } };
}

function figures(taken: number, counted: number): AgentFigures {
  const counts = [counted, ...new Array<number>(11).fill(0)];
  const counters = { gc: [], httpServer: [[['GET', '2xx'], counted / 4, counts]], httpClient: [] };
  const made = readFigures({ taken, runtime: null, counters, activeRequests: 0 });
  if (made === null) throw new Error('these figures must make sense');
  return made;
}

function families(counted: number) {
  const labels = { code: '200' };
  return readFamilies([
    { name: 'orders_total', type: 'counter', help: '', values: [{ value: counted, labels }] },
    {
      name: 'took',
      type: 'histogram',
      help: '',
      values: [
        { value: counted, labels: { ...labels, le: 1 }, metricName: 'took_bucket' },
        { value: counted, labels: { ...labels, le: '+Inf' }, metricName: 'took_bucket' },
        { value: counted / 4, labels, metricName: 'took_sum' },
        { value: counted, labels, metricName: 'took_count' },
      ],
    },
  ]);
}

/** All numbers of the aggregated page, which are all made from one count. */
function readApp(app: ReturnType<typeof createAppAccount>): number[] {
  return app.families(false, new Map()).flatMap(({ parts }) => [...(parts[0]?.rows.values() ?? [])].flat());
}

function sumOf(row: readonly number[] | undefined): number {
  return (row ?? [0]).slice(1).reduce((sum, count) => sum + count, 0);
}

describe('whatever the processes of an app do, and however late they answer', () => {
  it('what is the same object says the same', () => {
    const textOf = (part: object) => JSON.stringify(part instanceof Map ? [...part] : part);
    const law = fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
      const world = createWorld();
      const texts = new Map<object, string>();
      for (const one of steps) {
        world.take(one);
        for (const part of world.parts()) {
          const before = texts.get(part) ?? textOf(part);
          texts.set(part, before);
          if (textOf(part) !== before) return false;
        }
      }
      return true;
    });
    fc.assert(law, { numRuns: 200 });
  });

  it('no counter falls, and each is the sum over all processes of what was known of them last', () => {
    const law = fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
      const world = createWorld();
      let before: number[] = [];
      let agentsBefore = [0, 0];
      for (const one of steps) {
        world.take(one);
        const now = world.app();
        const expected = world.expected();
        if (now.some((value, at) => value < (before[at] ?? 0))) return false;
        // A page that is still empty stands for 0.
        if (now.length > 0 && (now[0] !== expected || now[1] !== expected || now[2] !== expected / 4)) return false;
        if (now.length === 0 && expected !== 0) return false;
        const agents = [world.agent(0), world.agent(1)];
        if (agents.some((value, at) => value < (agentsBefore[at] ?? 0) || value !== world.expectedOf(at))) return false;
        before = now;
        agentsBefore = agents;
      }
      return true;
    });
    fc.assert(law, { numRuns: 300 });
  });
});
