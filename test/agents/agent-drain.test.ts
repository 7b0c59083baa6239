import { once } from 'node:events';
import net from 'node:net';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { agentBench } from '../support/agent-apps.ts';
import { bundleAgent } from '../support/agent-bundle.ts';
import { HANDLER, HTTP, LISTEN, ON_SIGINT, serve } from '../support/agent-servers.ts';
import { accepts, keptConnection, untilRefused } from '../support/http-client.ts';
import { needsPrograms } from '../support/programs.ts';
import { makeTlsKey } from '../support/tls-key.ts';

let agent = '';
beforeAll(async () => {
  agent = await bundleAgent();
});

const LONG_MS = 60_000;

describe('a drain', () => {
  test('finishes what is in flight, tells each client to close, and is done when the last has gone', async () => {
    const bench = await agentBench(agent);
    const { app, port } = await serve(bench, HANDLER + HTTP + LISTEN);
    const [held, streamed, kept] = [keptConnection(port), keptConnection(port), keptConnection(port)];
    const late = held.get('/held');
    const stream = await streamed.open('/stream');
    expect((await kept.get('/now')).connection).toBe('keep-alive');
    await app.untilSays('holds');
    bench.daemon.say({ type: 'drain', graceMs: LONG_MS, deadlineMs: LONG_MS });
    await untilRefused(port);
    expect(await kept.get('/now')).toEqual({ status: 200, connection: 'close', body: 'now' });
    expect(bench.daemon.heard.map(({ type }) => type)).toEqual(['hello', 'listening']);
    app.child.send('go');
    expect(await late).toEqual({ status: 200, connection: 'close', body: 'late' });
    expect(await stream.setEncoding('utf8').toArray()).toEqual(['first ', 'late']);
    // The stream had promised to keep the connection before the drain: its next request is the last.
    expect((await streamed.get('/now')).connection).toBe('close');
    expect(await bench.daemon.untilHeard('drained')).toEqual([{ type: 'drained', open: 0 }]);
  });

  test('overrules a Connection header that the app writes itself', async () => {
    const bench = await agentBench(agent);
    const { port } = await serve(bench, HANDLER + HTTP + LISTEN);
    const kept = keptConnection(port);
    expect((await kept.get('/own')).connection).toBe('keep-alive');
    bench.daemon.say({ type: 'drain', graceMs: LONG_MS, deadlineMs: LONG_MS });
    await untilRefused(port);
    expect(await kept.get('/own')).toEqual({ status: 200, connection: 'close', body: 'own' });
    expect(await bench.daemon.untilHeard('drained')).toEqual([{ type: 'drained', open: 0 }]);
  });

  test('closes what has been idle for the grace, and not sooner; a connection never used too', async () => {
    const bench = await agentBench(agent);
    const { port } = await serve(bench, HANDLER + HTTP + LISTEN);
    const unused = net.connect(port, '127.0.0.1').resume();
    await once(unused, 'connect');
    const idle = keptConnection(port);
    await idle.get('/now');
    const beganMs = performance.now();
    bench.daemon.say({ type: 'drain', graceMs: 500, deadlineMs: LONG_MS });
    await once(unused, 'close');
    expect(performance.now() - beganMs).toBeGreaterThan(450);
    expect(await bench.daemon.untilHeard('drained')).toEqual([{ type: 'drained', open: 0 }]);
  });

  test('leaves raw and upgraded connections alone, and says at the deadline that they are open', async () => {
    const bench = await agentBench(agent);
    const { port } = await serve(
      bench,
      `${HANDLER + HTTP}
      server.on('upgrade', (request, socket) => {
        socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: echo\\r\\nConnection: Upgrade\\r\\n\\r\\n');
        socket.pipe(socket);
      });
      const raw = require('node:net').createServer((socket) => socket.pipe(socket));
      raw.listen(0, '127.0.0.1', () => console.log('raw ' + raw.address().port));
      ${LISTEN}`,
    );
    await bench.daemon.untilHeard('listening', 2);
    const rawPort = Number(
      bench.daemon.heard
        .flatMap((said) => (said.type === 'listening' ? said.address.split(':')[1] : []))
        .find((one) => Number(one) !== port),
    );
    const raw = net.connect(rawPort, '127.0.0.1').setEncoding('utf8');
    const upgraded = net.connect(port, '127.0.0.1').setEncoding('utf8');
    onTestFinished(() => {
      raw.destroy();
      upgraded.destroy();
    });
    upgraded.write('GET / HTTP/1.1\r\nHost: a\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n');
    expect(String((await once(upgraded, 'data'))[0])).toContain('101');
    raw.write('one');
    await once(raw, 'data');
    bench.daemon.say({ type: 'drain', graceMs: 0, deadlineMs: 700 });
    expect(await bench.daemon.untilHeard('drained')).toEqual([{ type: 'drained', open: 2 }]);
    for (const socket of [raw, upgraded]) {
      socket.write('still here');
      expect(await once(socket, 'data')).toEqual(['still here']);
    }
  });

  test('closes a server that begins to listen too late, and without any server is done at once', async () => {
    const bench = await agentBench(agent);
    const app = bench.start(`
      process.on('message', () => {
        const server = require('node:http').createServer().listen(0, '127.0.0.1', () => {
          setImmediate(() => console.log('port ' + server.address().port));
        });
      });
    `);
    await bench.daemon.untilHeard('hello');
    bench.daemon.say({ type: 'drain', graceMs: LONG_MS, deadlineMs: LONG_MS });
    expect(await bench.daemon.untilHeard('drained')).toEqual([{ type: 'drained', open: 0 }]);
    app.child.send('listen');
    expect(await accepts(Number(await app.untilSays('port')))).toBe(false);
    bench.daemon.say({ type: 'drain', graceMs: LONG_MS, deadlineMs: LONG_MS });
    await bench.daemon.untilHeard('drained', 2);
    expect(bench.daemon.heard.map(({ type }) => type)).toEqual(['hello', 'drained', 'drained']);
  });

  test('goes on when the daemon dies, is not said to listen to the next one, and obeys that', async () => {
    const bench = await agentBench(agent);
    const { app, port } = await serve(bench, HANDLER + HTTP + LISTEN);
    const held = keptConnection(port);
    const late = held.get('/held');
    await app.untilSays('holds');
    bench.daemon.say({ type: 'drain', graceMs: LONG_MS, deadlineMs: LONG_MS });
    await untilRefused(port);
    await bench.daemon.stop();
    await bench.daemon.start();
    await bench.daemon.untilHeard('hello', 2);
    bench.daemon.say({ type: 'drain', graceMs: LONG_MS, deadlineMs: 200 });
    expect(await bench.daemon.untilHeard('drained')).toEqual([{ type: 'drained', open: 1 }]);
    app.child.send('go');
    expect((await late).body).toBe('late');
    expect(bench.daemon.heard.map(({ type }) => type)).toEqual(['hello', 'listening', 'hello', 'drained']);
  });
});

describe('after the drain', () => {
  const SECURE = `
    const fs = require('node:fs');
    const server = require('node:https').createServer({ key: fs.readFileSync('key.pem'), cert: fs.readFileSync('cert.pem') }, handler);
  `;
  for (const [name, server] of [
    ['http', HTTP],
    ['https', SECURE],
  ] as const) {
    test(`the documented SIGINT handler ends the app with 0: ${name}`, async (context) => {
      const bench = await agentBench(agent);
      const secure = name === 'https';
      if (secure) {
        needsPrograms(context, 'openssl');
        makeTlsKey(bench.folder);
      }
      const { app, port } = await serve(bench, HANDLER + server + LISTEN + ON_SIGINT);
      const [kept, idle] = [keptConnection(port, { secure }), keptConnection(port, { secure })];
      await Promise.all([kept.get('/now'), idle.get('/now')]);
      bench.daemon.say({ type: 'drain', graceMs: 300, deadlineMs: LONG_MS });
      await untilRefused(port);
      expect((await kept.get('/own')).connection).toBe('close');
      expect(await bench.daemon.untilHeard('drained')).toEqual([{ type: 'drained', open: 0 }]);
      app.child.kill('SIGINT');
      expect(await app.ended).toMatchObject({ code: 0, stderr: '' });
    });
  }

  test('an app that nothing else holds lives on, to itself as before', async () => {
    const bench = await agentBench(agent);
    const app = bench.start(`
      process.channel.unref();
      const server = require('node:http').createServer();
      server.on('close', () => console.log('closed'));
      server.listen(0, '127.0.0.1', () => console.log('port ' + server.address().port));
      process.on('SIGUSR2', () => console.log('sees ' + JSON.stringify([server.listening, server.address().port])));
      process.on('SIGINT', () => server.close());
    `);
    const port = Number(await app.untilSays('port'));
    await bench.daemon.untilHeard('listening');
    bench.daemon.say({ type: 'drain', graceMs: 0, deadlineMs: LONG_MS });
    await bench.daemon.untilHeard('drained');
    expect(await accepts(port)).toBe(false);
    app.child.kill('SIGUSR2');
    expect(JSON.parse(await app.untilSays('sees'))).toEqual([true, port]);
    expect(app.stdout()).not.toContain('closed');
    app.child.kill('SIGINT');
    expect(await app.ended).toMatchObject({ code: 0, stdout: expect.stringContaining('closed\n') });
  });
});
