import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { AGENT_LINE_BYTES, AGENT_METRICS_BYTES } from '../../src/base/agent-protocol.ts';
import { systemClock } from '../../src/base/clock.ts';
import { type Agents, openAgents } from '../../src/daemon/agents.ts';
import type { LiveProcess } from '../../src/daemon/instance.ts';
import type { DaemonLog } from '../../src/daemon/own-log.ts';
import { fullTelemetry } from '../support/agent-answers.ts';
import { type FakeAgent, fakeAgent } from '../support/fake-agent.ts';
import { until } from '../support/until.ts';

/** Long enough that no test passes by waiting it out. */
const BUDGET_MS = 10_000;
const SHORT_MS = 60;

function open(): { readonly agents: Agents; readonly socket: string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'pmv-'));
  const socket = path.join(folder, 'agent.sock');
  const agents = openAgents({
    onMessage: () => {},
    onGone: () => {},
    socket,
    clock: systemClock,
    log: {} as DaemonLog,
  }); // it has nothing to say here
  onTestFinished(() => {
    agents.close();
    rmSync(folder, { recursive: true });
  });
  return { agents, socket };
}

/** As far as the agents look at it. */
function processOf(pid: number): LiveProcess {
  return { id: 0, generation: 1, pid } as LiveProcess;
}

async function connected(pid = 11) {
  const { agents, socket } = open();
  const process = processOf(pid);
  const agent = await fakeAgent(socket, { id: 0, generation: 1, pid });
  await until(() => agents.connected(process), { what: 'the agent connected' });
  const taken: number[] = [];
  const ask = (budgetMs: number) =>
    agents.ask(process, { kind: 'telemetry', budgetMs, take: ({ telemetry }) => taken.push(telemetry.taken) });
  return { agents, socket, process, agent, taken, ask };
}

function answer(agent: FakeAgent, at: number, taken: number): void {
  const seq = (agent.heard[at] as { readonly seq: number }).seq; // only questions with a number are asked here
  agent.say({ type: 'telemetry', seq, telemetry: fullTelemetry({ taken }) });
}

describe('an agent that is asked for figures', () => {
  test('is waited for, and what it says is taken', async () => {
    const { agent, taken, ask } = await connected();
    const answered = ask(BUDGET_MS);
    await agent.untilHeard(1);
    answer(agent, 0, 5);
    expect(await answered).toBe(true);
    expect(taken).toEqual([5]);
  });

  test('and is mute costs the budget once; it is not asked again, and what it says late is taken', async () => {
    const { agent, taken, ask } = await connected();
    expect(await ask(SHORT_MS)).toBe(false);
    const beganMs = performance.now();
    expect(await ask(BUDGET_MS)).toBe(false);
    expect(performance.now() - beganMs).toBeLessThan(BUDGET_MS / 10);
    expect(agent.heard).toHaveLength(1);
    answer(agent, 0, 6);
    await until(() => taken.length === 1, { what: 'the late answer' });
    const again = ask(BUDGET_MS);
    await agent.untilHeard(2);
    answer(agent, 1, 7);
    expect(await again).toBe(true);
    expect(taken).toEqual([6, 7]);
  });

  test('says nothing that counts when it was not asked, or answers another question', async () => {
    const { agent, taken, ask } = await connected();
    agent.say({ type: 'telemetry', seq: 99, telemetry: fullTelemetry({ taken: 1 }) });
    const answered = ask(BUDGET_MS);
    await agent.untilHeard(1);
    agent.say({ type: 'telemetry', seq: 98, telemetry: fullTelemetry({ taken: 2 }) });
    answer(agent, 0, 3);
    answer(agent, 0, 4);
    expect(await answered).toBe(true);
    expect(taken).toEqual([3]);
  });

  test('and goes is not waited for', async () => {
    const { agent, agents, process, ask } = await connected();
    const answered = ask(BUDGET_MS);
    await agent.untilHeard(1);
    agent.sayRaw('garbage\n');
    expect(await answered).toBe(false);
    expect(agents.connected(process)).toBe(false);
    expect(ask(BUDGET_MS)).toBeNull();
  });

  test('may be long where its own metrics are asked for, and only there', async () => {
    const { agent, agents, process } = await connected();
    let bytes = 0;
    const ask = () =>
      agents.ask(process, {
        kind: 'metrics',
        budgetMs: BUDGET_MS,
        take: ({ families }) => {
          bytes = families?.[0]?.help.length ?? 0;
        },
      });
    const answered = ask();
    const [question] = await agent.untilHeard(1);
    const help = 'x'.repeat(AGENT_METRICS_BYTES - 1_000);
    const families = [{ name: 'a', help, type: 'gauge', values: [] }];
    agent.say({ type: 'metrics', seq: (question as { seq: number }).seq, taken: 1, families, problem: null });
    expect(await answered).toBe(true);
    expect(bytes).toBe(help.length);
    agent.sayRaw('x'.repeat(AGENT_LINE_BYTES + 1));
    await until(() => agent.closed(), { what: 'the end of the link' });
  });
});

test('who names another pid stands in nobody’s way', async () => {
  const { agents, socket, process, agent, ask } = await connected(11);
  await fakeAgent(socket, { id: 0, generation: 1, pid: 12 });
  await until(() => agents.connected(processOf(12)), { what: 'the liar connected' });
  expect(agents.connected(process)).toBe(true);
  const answered = ask(BUDGET_MS);
  await agent.untilHeard(1);
  answer(agent, 0, 5);
  expect(await answered).toBe(true);
});

test('who says nothing, or too much before hello, is nobody', async () => {
  const { agents, socket } = open();
  const silent = await fakeAgent(socket, null);
  const loud = await fakeAgent(socket, null);
  loud.sayRaw('x'.repeat(AGENT_LINE_BYTES + 1));
  await until(() => loud.closed(), { what: 'the end of the loud one' });
  expect(silent.closed()).toBe(false);
  expect(agents.connected(processOf(0))).toBe(false);
});
