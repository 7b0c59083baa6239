/**
 * Makes pm2-metrics.txt and pm2-prometheus-exporter.txt again: what two exporters say of a real PM2.
 *
 *   PM2_BIN=/path/to/node_modules/.bin/pm2 EXPORTERS=/path/to/node_modules node test/contract/golden/make-pm2-metrics.mjs
 *
 * PM2 runs in a home of its own that is thrown away, and is ended by its own `kill`; the exporters, which want port
 * 9209, get a free one.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const EXPORTERS = ['pm2-metrics', 'pm2-prometheus-exporter'];
const LONGEST_WAIT_MS = 60_000;

const { PM2_BIN: bin, EXPORTERS: modules } = process.env;
if (bin === undefined || modules === undefined) throw new Error('PM2_BIN and EXPORTERS: expected two paths');
const root = await mkdtemp(path.join(tmpdir(), 'pm2-golden-'));
const env = { PATH: process.env.PATH, HOME: root, PM2_HOME: path.join(root, 'home'), PM2_DISCRETE_MODE: '1' };
const pm2 = async (...args) => (await run(bin, args, { cwd: root, env, maxBuffer: 1e8 })).stdout;

const APPS = [
  { name: 'web', script: './web.js', instances: 2, exec_mode: 'cluster' },
  { name: 'worker', script: './idle.js' },
  { name: 'native', script: '/bin/sleep', args: ['3600'], interpreter: 'none' },
  { name: 'down', script: './idle.js' },
  { name: 'broken', script: './crash.js', max_restarts: 2, min_uptime: 5000 },
  { name: 'backing', script: './crash.js', exp_backoff_restart_delay: 60_000 },
];

const linesOf = (body, family) => body.split('\n').filter((line) => line.startsWith(`pm2_${family}{`)).length;

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

async function askUntil(url, isEnough) {
  const giveUpMs = Date.now() + LONGEST_WAIT_MS;
  for (;;) {
    const body = await fetch(url)
      .then((answer) => answer.text())
      .catch(() => '');
    if (isEnough(body)) return body;
    if (Date.now() > giveUpMs) throw new Error(`${url}: not what was expected: ${body}`);
    await delay(500);
  }
}

async function startExporter(name, port) {
  const preload = path.join(root, `${name}.cjs`);
  await writeFile(
    preload,
    `const { Server } = require('node:net');
const listen = Server.prototype.listen;
Server.prototype.listen = function (port, ...rest) {
  return port === 9209 ? listen.call(this, ${port}, '127.0.0.1') : listen.call(this, port, ...rest);
};
`,
  );
  const program = path.join(modules, name, 'exporter.js');
  return spawn(process.execPath, ['--require', preload, program], { env, cwd: root, stdio: 'ignore' });
}

const children = [];
try {
  const webPort = await freePort();
  await writeFile(
    path.join(root, 'web.js'),
    `require('node:http').createServer((_, answer) => answer.end('ok')).listen(${webPort}, '127.0.0.1');\n`,
  );
  await writeFile(path.join(root, 'idle.js'), 'setInterval(() => {}, 1000);\n');
  await writeFile(path.join(root, 'crash.js'), 'setTimeout(() => process.exit(1), 200);\n');
  await writeFile(path.join(root, 'ecosystem.config.cjs'), `module.exports = ${JSON.stringify({ apps: APPS })};\n`);
  await pm2('start', 'ecosystem.config.cjs');
  await pm2('stop', 'down');
  for (const name of EXPORTERS) {
    const port = await freePort();
    children.push(await startExporter(name, port));
    const url = `http://127.0.0.1:${port}/metrics`;
    // PM2's agent in the apps tells of them some seconds after their start, and of requests after the first.
    const isEnough = (body) =>
      (name !== 'pm2-metrics' || (linesOf(body, 'event_loop_latency_p95') === 3 && linesOf(body, 'http') === 2)) &&
      ['broken', 'backing'].every((app) => new RegExp(`^pm2_up\\{.*name="${app}".*\\} 0$`, 'm').test(body));
    const body = await askUntil(url, (text) => {
      for (let i = 0; i < 20; i++) fetch(`http://127.0.0.1:${webPort}/`).catch(() => {});
      return isEnough(text);
    });
    await writeFile(new URL(`./${name}.txt`, import.meta.url), body.endsWith('\n') ? body : `${body}\n`);
  }
} finally {
  for (const child of children) child.kill('SIGKILL');
  await pm2('kill');
  await rm(root, { recursive: true, force: true });
}
