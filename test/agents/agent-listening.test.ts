import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { agentBench } from '../support/agent-apps.ts';
import { bundleAgent } from '../support/agent-bundle.ts';
import { startCluster } from '../support/agent-cluster.ts';
import { needsPrograms } from '../support/programs.ts';
import { makeTlsKey } from '../support/tls-key.ts';

let agent = '';
beforeAll(async () => {
  agent = await bundleAgent();
});

const KEY = '{ key: fs.readFileSync("key.pem"), cert: fs.readFileSync("cert.pem") }';

for (const [name, server] of [
  ['net', 'require("node:net").createServer()'],
  ['http', 'require("node:http").createServer()'],
  ['http2', 'require("node:http2").createServer()'],
  ['tls', `require("node:tls").createServer(${KEY})`],
  ['https', `require("node:https").createServer(${KEY})`],
  ['http2 over TLS', `require("node:http2").createSecureServer(${KEY})`],
] as const) {
  test(`a server of ${name} is named once, with its address`, async (context) => {
    const { folder, daemon, start } = await agentBench(agent);
    if (server.includes(KEY)) {
      needsPrograms(context, 'openssl');
      makeTlsKey(folder);
    }
    const app = start(`
      const fs = require('node:fs');
      const server = ${server}.listen(0, '127.0.0.1', () => console.log('port ' + server.address().port));
    `);
    const address = `127.0.0.1:${await app.untilSays('port')}`;
    expect(await daemon.untilHeard('listening')).toEqual([{ type: 'listening', address }]);
  });
}

test('each of several servers is named, on a path or on IPv6, and one whose port is taken is not', async () => {
  const { folder, daemon, start } = await agentBench(agent);
  const socket = path.join(folder, 'own.sock');
  const app = start(`
    const net = require('node:net');
    const first = net.createServer().listen(${JSON.stringify(socket)}, () => {
      const second = net.createServer().listen(0, '::1', () => {
        const { port } = second.address();
        net.createServer().on('error', () => console.log('port ' + port)).listen(port, '::1');
      });
    });
  `);
  const port = await app.untilSays('port');
  await daemon.untilHeard('listening', 2);
  daemon.say({ type: 'vitals', seq: 1 });
  await daemon.untilHeard('vitals');
  const named = (await daemon.untilHeard('listening')).map(({ address }) => address);
  expect(named.sort()).toEqual([socket, `[::1]:${port}`].sort());
});

test.each(['none', 'round-robin'] as const)(
  'workers of a cluster name their servers: scheduling %s',
  async (policy) => {
    const bench = await agentBench(agent);
    const { port } = await startCluster(bench, { agent, policy });
    const named = await bench.daemon.untilHeard('listening', 2);
    expect(named.map(({ address }) => address.split(':').at(-1))).toEqual([port, port]);
  },
);
