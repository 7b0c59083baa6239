/**
 * npm run dashboards:run [-- --minutes 10] [-- --once]
 * A fleet with faults for the dashboards to show: two daemons as two hosts, cluster and fork-mode apps under load,
 * crashes, a leak that is ended by its limit, a reload that is done and one that is aborted, an outage of Loki
 * (its protocol double) and a daemon that hangs, all scraped by a real Prometheus. It goes on until Ctrl-C; with
 * --once it ends after the given minutes. Needs `npm run build` and `prometheus`.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { pause, until } from '../bench/lib/command.mjs';
import { freePort, untilAnswers } from '../bench/lib/ports.mjs';
import { createPromvisor } from '../bench/lib/promvisor.mjs';
import { createScratch } from '../bench/lib/scratch.mjs';
import { importTypeScript } from './bundle.mjs';
import { webOne, webTwo } from './run/fleet.mjs';
import { startLoad } from './run/load.mjs';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, once: { type: 'boolean', default: false } },
});
const MINUTES = Number(values.minutes);
if (!(MINUTES >= 1)) throw new Error(`--minutes: expected a number from 1 on, got "${values.minutes}"`);
const begunMs = performance.now();
const say = (text) => console.log(`${((performance.now() - begunMs) / 60_000).toFixed(1)} min  ${text}`);
/** @param {number} minute of a run of ten */
const at = (minute) => pause(Math.max(0, begunMs + (minute / 10) * MINUTES * 60_000 - performance.now()));

const { startLoki } = await importTypeScript('../test/support/loki.ts');
const loki = await startLoki();
const hosts = ['web-1', 'web-2'].map((name) => startHost(name));
const ports = { shop: await freePort(), catalog: await freePort(), blog: await freePort() };
const faults = path.join(hosts[0].scratch.root, 'faults');
mkdirSync(faults);
const ends = [];
const ended = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => ended.abort());

try {
  await startApps(hosts[0], webOne({ faults, ports }));
  await startApps(hosts[1], webTwo({ faults, ports }));
  const load = startLoad({ ports: [ports.shop, ports.blog], perSecond: 15 });
  ends.push(() => load.stop());
  const prometheus = await startPrometheus();
  say(`Prometheus at ${prometheus}; homes ${hosts.map(({ promvisor }) => promvisor.home).join(' ')}`);
  await Promise.race([play(load), stopped()]);
  if (!values.once && !ended.signal.aborted) {
    say('the play is over and the fleet goes on: Ctrl-C ends it');
    await stopped();
  }
} finally {
  for (const end of ends) await end();
  for (const { promvisor } of hosts) wakeUp(promvisor.daemonPid());
  for (const { promvisor } of hosts) await promvisor.end();
  await loki.kill();
  for (const { scratch } of hosts) scratch.dispose();
}

async function play(load) {
  await at(2);
  say('a reload of shop');
  await hosts[0].promvisor.reload('shop');
  await at(3.2);
  say('more load');
  load.burst(2.5);
  await at(4);
  load.burst(1);
  say('a reload of shop that cannot start: it is aborted');
  writeFileSync(path.join(faults, 'cannot-start'), '');
  await hosts[0].promvisor.reload('shop');
  rmSync(path.join(faults, 'cannot-start'));
  await at(5);
  say('an outage of Loki');
  await loki.kill();
  await at(6.5);
  await loki.restart();
  say('Loki is back');
  await at(7);
  say('a worker of shop is killed');
  await killWorker(hosts[0], 'shop');
  await at(7.5);
  say('the daemon of web-2 hangs; its apps go on');
  process.kill(hosts[1].promvisor.daemonPid(), 'SIGSTOP');
  await at(8);
  process.kill(hosts[1].promvisor.daemonPid(), 'SIGCONT');
  say('and is back');
  await at(10);
}

/** A hung daemon could not end. */
function wakeUp(pid) {
  try {
    if (pid > 0) process.kill(pid, 'SIGCONT');
  } catch {
    // It is gone, which is what was wanted.
  }
}

async function killWorker({ promvisor }, app) {
  const [{ pid }] = (await promvisor.list()).filter(({ name }) => name === app);
  process.kill(pid, 'SIGKILL');
}

function startHost(name) {
  const scratch = createScratch();
  const env = {
    ...scratch.env,
    PROMVISOR_LOKI_URL: loki.url,
    PROMVISOR_LOKI_LABELS: `host=${name}`,
    PROMVISOR_LOKI_TIMEOUT: '2s',
  };
  return { name, scratch, promvisor: createPromvisor({ ...scratch, env }), port: 0 };
}

async function startApps(host, apps) {
  // A port that stays when the daemon comes back.
  host.port = await freePort();
  host.promvisor.env.PROMVISOR_HTTP_LISTEN = `127.0.0.1:${host.port}`;
  await host.promvisor.wake();
  const file = path.join(host.scratch.root, 'ecosystem.config.json');
  writeFileSync(file, JSON.stringify({ apps }));
  // An app that dies at once makes it fail, as it should.
  await host.promvisor.cli('start', file).catch(() => {});
}

async function startPrometheus() {
  const { root, env } = hosts[0].scratch;
  const address = `127.0.0.1:${await freePort()}`;
  const targets = hosts.map(({ name, port }) => ({
    targets: [`127.0.0.1:${port}`],
    labels: { instance: `${name}:9209` },
  }));
  const config = {
    global: { scrape_interval: '5s' },
    scrape_configs: [{ job_name: 'promvisor', static_configs: targets }],
  };
  // JSON is YAML.
  writeFileSync(path.join(root, 'prometheus.yml'), JSON.stringify(config));
  const args = [
    `--config.file=${path.join(root, 'prometheus.yml')}`,
    `--storage.tsdb.path=${path.join(root, 'prometheus')}`,
    `--web.listen-address=${address}`,
  ];
  const child = spawn('prometheus', args, { stdio: 'ignore', env });
  const gone = new Promise((resolve) => child.on('close', resolve));
  ends.push(async () => {
    child.kill('SIGTERM');
    await gone;
  });
  await untilAnswers(`http://${address}/-/ready`);
  const seen = () => fetch(`http://${address}/api/v1/query?query=up`).then((reply) => reply.json());
  await until(async () => (await seen()).data.result.filter(({ value }) => value[1] === '1').length === hosts.length, {
    what: 'both hosts scraped',
    everyMs: 500,
  });
  return `http://${address}`;
}

function stopped() {
  if (ended.signal.aborted) return Promise.resolve();
  return new Promise((resolve) => ended.signal.addEventListener('abort', resolve, { once: true }));
}
