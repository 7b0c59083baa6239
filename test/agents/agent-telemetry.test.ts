import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import { createRequire } from 'node:module';
import net from 'node:net';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type AgentBench, agentBench } from '../support/agent-apps.ts';
import { bundleAgent } from '../support/agent-bundle.ts';
import { HANDLER, HTTP, LISTEN, serve } from '../support/agent-servers.ts';
import { askMetrics, askTelemetry, countsOf, snapshotFiles, untilTelemetry } from '../support/agent-telemetry.ts';
import { keptConnection } from '../support/http-client.ts';
import { needsPrograms } from '../support/programs.ts';
import { makeTlsKey } from '../support/tls-key.ts';

let agent = '';
beforeAll(async () => {
  agent = await bundleAgent();
});

const fromHere = createRequire(import.meta.url);
const need = (name: string) => `require(${JSON.stringify(fromHere.resolve(name))})`;
const total = (counts: Readonly<Record<string, number>>) =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);
const serverCounts = (bench: AgentBench, count: number) =>
  untilTelemetry(
    bench,
    ({ counters }) => countsOf(counters.httpServer),
    (counts) => total(counts) === count,
  );
const clientCounts = (bench: AgentBench, count: number) =>
  untilTelemetry(
    bench,
    ({ counters }) => countsOf(counters.httpClient),
    (counts) => total(counts) === count,
  );

const ANSWERS = `
  const handler = (request, response) => {
    response.statusCode = Number(request.url.slice(1)) || 200;
    response.end();
  };
`;

function send(port: number, method: string, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, method, path }, (response) => {
      response.resume().on('end', resolve);
    });
    request.on('error', reject).end();
  });
}

describe('requests to a server', () => {
  test('are counted by method and class, methods of no standard as other', async () => {
    const bench = await agentBench(agent);
    const { port } = await serve(bench, ANSWERS + HTTP + LISTEN);
    for (const path of ['/200', '/204', '/301', '/404', '/503']) await send(port, 'GET', path);
    await send(port, 'POST', '/201');
    await send(port, 'PROPFIND', '/207');
    await send(port, 'PURGE', '/200');
    expect(await serverCounts(bench, 8)).toEqual({
      'GET 2xx': 2,
      'GET 3xx': 1,
      'GET 4xx': 1,
      'GET 5xx': 1,
      'POST 2xx': 1,
      'other 2xx': 2,
    });
  });

  test('are timed to the end of the answer, and active until then', async () => {
    const bench = await agentBench(agent);
    const { app, port } = await serve(bench, HANDLER + HTTP + LISTEN);
    const late = keptConnection(port).get('/held');
    await app.untilSays('holds');
    const beganMs = performance.now();
    expect(await askTelemetry(bench)).toMatchObject({ activeRequests: 1, counters: { httpServer: [] } });
    app.child.send('go');
    const leastMs = performance.now() - beganMs;
    await late;
    await serverCounts(bench, 1);
    const { activeRequests, counters } = await askTelemetry(bench);
    expect(activeRequests).toBe(0);
    const [, sum = 0, counts = []] = counters.httpServer[0] ?? [];
    expect(sum).toBeGreaterThan(leastMs / 1000);
    expect(sum).toBeLessThan(20);
    expect(counts).toHaveLength(12);
  });

  test('whose client leaves before the end are aborted', async () => {
    const bench = await agentBench(agent);
    const { app, port } = await serve(bench, HANDLER + HTTP + LISTEN);
    const leaves = http.get({ host: '127.0.0.1', port, path: '/held' }).on('error', () => {});
    await app.untilSays('holds');
    leaves.destroy();
    const halfway = http.get({ host: '127.0.0.1', port, path: '/stream' }).on('error', () => {});
    const [response] = (await once(halfway, 'response')) as [http.IncomingMessage];
    response.on('error', () => {});
    halfway.destroy();
    expect(await serverCounts(bench, 2)).toEqual({ 'GET aborted': 2 });
    expect((await askTelemetry(bench)).activeRequests).toBe(0);
  });

  test('sent before the answer to the first are counted one by one, with their own method and time', async () => {
    const bench = await agentBench(agent);
    const { port } = await serve(
      bench,
      `const handler = (request, response) => {
        if (request.method === 'POST') setTimeout(() => response.end(), 120);
        else if (request.url === '/held') console.log('holds');
        else response.end();
      };` +
        HTTP +
        LISTEN,
    );
    const connection = net.connect(port, '127.0.0.1');
    connection.on('error', () => {});
    const line = (method: string, path: string) => `${method} ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`;
    connection.write(
      line('POST', '/') + line('GET', '/') + line('HEAD', '/') + line('PUT', '/held') + line('GET', '/'),
    );
    const counts = { 'POST 2xx': 1, 'GET 2xx': 1, 'HEAD 2xx': 1 };
    expect(await serverCounts(bench, 3)).toEqual(counts);
    expect((await askTelemetry(bench)).activeRequests).toBe(2);
    connection.destroy();
    expect(await serverCounts(bench, 5)).toEqual({ ...counts, 'PUT aborted': 1, 'GET aborted': 1 });
    const { activeRequests, counters } = await askTelemetry(bench);
    expect(activeRequests).toBe(0);
    // The GET was there while the POST was answered.
    for (const [labels, sum] of counters.httpServer) expect(sum, labels.join(' ')).toBeGreaterThan(0.1);
  });

  test.each([
    [
      'express',
      `const app = ${need('express')}(); app.get('/', (_, response) => response.send('hello'));
      const server = require('node:http').createServer(app);`,
    ],
    [
      'fastify',
      `const app = ${need('fastify')}(); app.get('/', async () => 'hello');
      const server = app.server; server.listen = (...args) => app.ready(() => require('node:net').Server.prototype.listen.apply(server, args));`,
    ],
  ])('of %s are counted', async (_name, source) => {
    const bench = await agentBench(agent);
    const { port } = await serve(bench, source + LISTEN);
    await send(port, 'GET', '/');
    await send(port, 'GET', '/missing');
    expect(await serverCounts(bench, 2)).toEqual({ 'GET 2xx': 1, 'GET 4xx': 1 });
  });

  test('over TLS are counted', async (context) => {
    needsPrograms(context, 'openssl');
    const bench = await agentBench(agent);
    makeTlsKey(bench.folder);
    const source = `
      const { readFileSync } = require('node:fs');
      const server = require('node:https').createServer({ key: readFileSync('key.pem'), cert: readFileSync('cert.pem') }, handler);
    `;
    const { port } = await serve(bench, ANSWERS + source + LISTEN);
    await keptConnection(port, { secure: true }).get('/404');
    expect(await serverCounts(bench, 1)).toEqual({ 'GET 4xx': 1 });
  });

  const hasHttp2Channels = Number(process.versions.node.split('.')[0]) >= 24;
  test('over HTTP/2 are counted where Node tells of them (24)', async (context) => {
    context.skip(!hasHttp2Channels, 'this Node does not tell of HTTP/2 streams');
    const bench = await agentBench(agent);
    const { port } = await serve(
      bench,
      `${ANSWERS} const server = require('node:http2').createServer(handler); ${LISTEN}`,
    );
    const session = http2.connect(`http://127.0.0.1:${port}`);
    onTestFinished(() => session.destroy());
    await once(session.request({ ':path': '/404' }).resume(), 'close');
    expect(await serverCounts(bench, 1)).toEqual({ 'GET 4xx': 1 });
  });

  test('that were upgraded are told as connections as long as they are open', async () => {
    const bench = await agentBench(agent);
    const upgrades = `server.on('upgrade', (_, socket) => {
      socket.pipe(socket).write('HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: echo\\r\\n\\r\\n');
    });`;
    const { port } = await serve(bench, HANDLER + HTTP + upgrades + LISTEN);
    await keptConnection(port).get('/now');
    expect((await askTelemetry(bench)).upgradedConnections).toBe(0);
    const socket = net.connect(port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    await once(socket, 'data');
    expect((await askTelemetry(bench)).upgradedConnections).toBe(1);
    socket.destroy();
    await untilTelemetry(
      bench,
      ({ upgradedConnections }) => upgradedConnections,
      (count) => count === 0,
    );
  });
});

describe('requests that the app makes', () => {
  const ways = [
    ['fetch', 'await (await fetch(url, { method })).text()'],
    ['undici', `await (await ${need('undici')}.request(url, { method })).body.text()`],
    [
      'node:http',
      `await new Promise((resolve, reject) => require('node:http')
      .request(url, { method }, (response) => response.resume().on('end', resolve)).on('error', reject).end())`,
    ],
  ] as const;

  test.each(ways)('with %s are counted by what was answered; without an answer, as errors', async (_name, call) => {
    const bench = await agentBench(agent);
    const server = http.createServer((request, response) => {
      if (request.url === '/gone') {
        request.socket.destroy();
        return;
      }
      response.statusCode = Number(request.url?.slice(1));
      response.end('text');
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as net.AddressInfo;
    const app = bench.start(`
      const call = async (url, method) => { ${call} };
      (async () => {
        await call('http://127.0.0.1:${port}/200', 'GET');
        await call('http://127.0.0.1:${port}/404', 'POST');
        await call('http://127.0.0.1:${port}/gone', 'GET').catch(() => {});
        console.log('done all');
        setInterval(() => {}, 1000);
      })();
    `);
    await app.untilSays('done');
    expect(await clientCounts(bench, 3)).toEqual({ 'GET 2xx': 1, 'GET error': 1, 'POST 4xx': 1 });
  });

  test('to where nobody listens are errors', async () => {
    const bench = await agentBench(agent);
    bench.start(`
      const server = require('node:net').createServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address();
        server.close(() => {
          require('node:http').get({ host: '127.0.0.1', port }).on('error', () => {});
          fetch('http://127.0.0.1:' + port).catch(() => {});
        });
      });
      setInterval(() => {}, 1000);
    `);
    expect(await clientCounts(bench, 2)).toEqual({ 'GET error': 2 });
  });
});

describe('the runtime', () => {
  test('is told under the meaning of prom-client', async () => {
    const bench = await agentBench(agent);
    bench.start('setInterval(() => {}, 1000); require("node:net").createServer().listen(0)');
    const { runtime, counters } = await askTelemetry(bench);
    expect(runtime).toMatchObject({ nodeVersion: process.version, handles: { Server: 1 }, lag: null });
    expect(Math.abs((runtime?.startTimeSeconds ?? 0) - Date.now() / 1000)).toBeLessThan(20);
    expect(runtime?.rssBytes).toBeGreaterThan(runtime?.heapTotalBytes ?? Number.POSITIVE_INFINITY);
    expect(runtime?.heapTotalBytes).toBeGreaterThan(runtime?.heapUsedBytes ?? Number.POSITIVE_INFINITY);
    expect(runtime?.heapLimitBytes).toBeGreaterThan(1e8);
    expect(runtime?.lagSeconds).toBeGreaterThan(0);
    expect(runtime?.heapSpaces.map(([space]) => space)).toEqual(expect.arrayContaining(['new', 'old', 'large_object']));
    expect(counters.cpuUserSeconds).toBeGreaterThan(0);
    expect(counters.loopActiveSeconds).toBeGreaterThan(0);
  });

  test('garbage collections are counted by kind once somebody has asked', async () => {
    const bench = await agentBench(agent);
    const app = bench.start('process.on("message", () => gc())', { nodeArgs: ['--expose-gc'] });
    await askTelemetry(bench);
    app.child.send('collect');
    await untilTelemetry(
      bench,
      ({ counters }) => countsOf(counters.gc),
      (counts) => (counts['major'] ?? 0) >= 1,
    );
  });

  test('delays of the loop are told while it is busy', async () => {
    const bench = await agentBench(agent);
    const app = bench.start(`
      let timer = setInterval(() => { const end = Date.now() + 60; while (Date.now() < end); }, 80);
      process.on('message', () => { clearInterval(timer); timer = null; });
    `);
    const lag = await untilTelemetry(
      bench,
      ({ runtime }) => runtime?.lag ?? null,
      (told) => (told?.maxSeconds ?? 0) > 0.03,
    );
    expect(lag?.p50Seconds).toBeLessThanOrEqual(lag?.p99Seconds ?? 0);
    app.child.send('rest');
  });
});

test('groups that are off are neither counted nor told', async () => {
  const bench = await agentBench(agent);
  const variable = JSON.stringify({ ...JSON.parse(bench.variable), telemetry: ['http_client'] });
  const app = bench.start(ANSWERS + HTTP + LISTEN, { variable });
  const port = Number(await app.untilSays('port'));
  await send(port, 'GET', '/200');
  expect(await askTelemetry(bench)).toMatchObject({
    runtime: null,
    counters: { cpuUserSeconds: 0, loopActiveSeconds: 0, gc: [], httpServer: [] },
    activeRequests: 0,
    ownMetrics: false,
  });
});

test('with telemetry off nothing is counted or written, and questions are answered all the same', async () => {
  const bench = await agentBench(agent);
  const variable = JSON.stringify({ ...JSON.parse(bench.variable), telemetry: [] });
  const source = `const prom = ${need('prom-client')}; new prom.Counter({ name: 'own_total', help: 'x' }).inc();`;
  const app = bench.start(`${source + ANSWERS + HTTP + LISTEN} process.on('message', () => process.exit());`, {
    variable,
  });
  await send(Number(await app.untilSays('port')), 'GET', '/200');
  expect(await askTelemetry(bench)).toMatchObject({ runtime: null, counters: { httpServer: [] }, ownMetrics: false });
  expect(await askMetrics(bench)).toMatchObject({ families: [], problem: null });
  app.child.send('end');
  await app.ended;
  expect(snapshotFiles(bench.folder)).toEqual([]);
});
