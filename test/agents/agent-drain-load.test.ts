import { once } from 'node:events';
import http2 from 'node:http2';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { agentBench } from '../support/agent-apps.ts';
import { bundleAgent } from '../support/agent-bundle.ts';
import { startCluster } from '../support/agent-cluster.ts';
import { HANDLER, LISTEN, serve } from '../support/agent-servers.ts';
import { keptConnection } from '../support/http-client.ts';
import { until } from '../support/until.ts';

let agent = '';
beforeAll(async () => {
  agent = await bundleAgent();
});

const LONG_MS = 60_000;

test('HTTP/2: streams in flight and those of the grace are served, then the session ends', async () => {
  const bench = await agentBench(agent);
  const { app, port } = await serve(
    bench,
    `${HANDLER} const server = require('node:http2').createServer(handler);${LISTEN}`,
  );
  const session = http2.connect(`http://127.0.0.1:${port}`);
  onTestFinished(() => session.destroy());
  const get = async (route: string) => {
    const parts = await session.request({ ':path': route }).setEncoding('utf8').toArray();
    return parts.join('');
  };
  const late = get('/held');
  await app.untilSays('holds');
  const told = once(session, 'goaway');
  bench.daemon.say({ type: 'drain', graceMs: 300, deadlineMs: LONG_MS });
  await told;
  app.child.send('go');
  expect(await late).toBe('late');
  expect(await bench.daemon.untilHeard('drained')).toEqual([{ type: 'drained', open: 0 }]);
});

test.each(['none', 'round-robin'] as const)(
  'under load no request fails while a worker of two is drained and ends: scheduling %s',
  async (policy) => {
    const bench = await agentBench(agent);
    const { primary, port } = await startCluster(bench, { agent, policy });
    const [first] = await bench.daemon.untilHeard('hello', 2);
    await bench.daemon.untilHeard('listening', 2);
    const answers: Record<string, number> = {};
    const failures: string[] = [];
    let isOver = false;
    const load = Array.from({ length: 16 }, async (_, index) => {
      let kept = keptConnection(port);
      while (!isOver) {
        try {
          const { body } = await kept.get('/');
          answers[body] = (answers[body] ?? 0) + 1;
        } catch (error) {
          failures.push(String(error));
        }
        // Some of the clients connect anew for each request.
        if (index % 4 !== 0) continue;
        kept.close();
        kept = keptConnection(port);
      }
    });
    await until(() => (answers['1'] ?? 0) > 100 && (answers['2'] ?? 0) > 100, { what: 'load on both workers' });
    bench.daemon.say({ type: 'drain', graceMs: 500, deadlineMs: LONG_MS }, first?.pid);
    expect(await bench.daemon.untilHeard('drained')).toEqual([{ type: 'drained', open: 0 }]);
    process.kill(first?.pid ?? 0, 'SIGINT');
    const ended = await until(() => /^worker\d (.+)$/m.exec(primary.stdout())?.[1], { what: 'end of the worker' });
    const before = { ...answers };
    await until(() => Object.keys(answers).filter((id) => (answers[id] ?? 0) > (before[id] ?? 0) + 50).length === 1, {
      what: 'load on the other',
    });
    isOver = true;
    await Promise.all(load);
    expect([failures, ended]).toEqual([[], '0']);
  },
);
