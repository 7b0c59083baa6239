import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AlertStack, type Arrival, freePort, startAlertStack } from '../support/alert-stack.ts';
import { appOf, type EcosystemApp, startApps } from '../support/apps.ts';
import { fixture } from '../support/cli.ts';
import { type LokiDouble, type Mood, startLoki } from '../support/loki.ts';
import { isRunning, killQuietly } from '../support/processes.ts';
import { missingPrograms, needsPrograms } from '../support/programs.ts';
import { shippedRules } from '../support/rules.ts';
import { openHome, type TestHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';

/*
 * Every shipped alert, by a real cause: seen to arrive through a real Prometheus and a real Alertmanager, and to resolve.
 * All causes are there at once. The rules run on a faster clock: see test/support/scaled-rules.ts.
 */
const PROGRAMS = ['prometheus', 'prometheus-alertmanager'];
/** Far more than it takes, for machines that have much else to do. */
const LONGEST_MS = 120_000;
const MB = 1024 * 1024;
const { alerts } = shippedRules();

interface Happened {
  readonly fired: Arrival;
  readonly resolved: Arrival;
}

interface OpenHome extends TestHome {
  /** host:port of its daemon, also of the next one. */
  readonly address: string;
}

/** What makes an alert fire, and what ends it; without a remedy it ends when its window is over. */
interface Fault {
  readonly labels: Readonly<Record<string, string>>;
  cause?(): unknown;
  remedy?(): unknown;
}

let stack: AlertStack;
let loki: LokiDouble;
/** The first has the faults of apps; the second a mute agent, Loki, and a broken collector; the third dies. */
let busy: OpenHome;
let quiet: OpenHome;
let doomed: OpenHome;
const closing: (() => Promise<unknown>)[] = [];
const outcomes = new Map<string, Promise<Happened>>();
let handled: Promise<void>;

/** Added without being started, so that their counters are seen at 0. */
function busyApps(): EcosystemApp[] {
  const app = (name: string, program: string, keys: Readonly<Record<string, unknown>> = {}) =>
    appOf(name, program, { autostart: false, ...keys });
  const release = busy.write('release', 'ok a');
  return [
    app('sound', 'waits.sh'),
    app('off', 'waits.sh'),
    app('down', 'crash-after.cjs', { args: ['0'], max_restarts: 1 }),
    app('half', 'dies-in-slot.cjs', { args: ['1'], instances: 2, exec_mode: 'fork', max_restarts: 1 }),
    app('fast', 'crash-after.sh', { args: ['0'] }),
    app('slow', 'crash-after.cjs', { args: ['1200'] }),
    app('often', 'crash-after.cjs', { args: ['7000'] }),
    app('hosted', 'waits.cjs', { instances: 2 }),
    app('release', 'servers/http-plain.cjs', {
      instances: 1,
      exec_mode: 'cluster',
      env: { PORT: '0', RELEASE_FILE: release },
    }),
    // A Node app that takes longer to start than its schedule allows would be ended before it can ignore anything.
    app('clock', 'ignores-sigint.sh', { cron_restart: '*/2 * * * * *', kill_timeout: 4500 }),
    app('held', 'holds-memory.cjs', { args: [String(0.95 * 200 * MB)], max_memory_restart: '200M' }),
    app('leaks', 'grows-memory.cjs', { args: ['150'], max_memory_restart: '120M' }),
    app('oom', 'heap-oom.cjs', { node_args: '--max-old-space-size=24', autorestart: false }),
    app('files', 'holds-files.sh'),
    app('burns', 'burns-cpu.sh'),
    app('late', 'blocks-loop.cjs'),
    app('heap', 'fills-heap.cjs', { node_args: '--max-old-space-size=64 --max-semi-space-size=1' }),
    app('http', 'fails-requests.cjs'),
    app('full', 'talks.cjs', { out_file: '/dev/full' }),
  ];
}

const stop = (app: string) => () => busy.ok(['stop', app]);
const begin = (app: string) => () => busy.run(['start', app]);

/** Everything that goes wrong, by the alert that tells of it; PromvisorAbsent was first, while there was no target. */
function faults(): Readonly<Record<string, Fault>> {
  let mood: Mood = null;
  loki.mood(() => mood);
  const feel = (next: Mood) => () => {
    mood = next;
  };
  const broken = path.join(quiet.root, 'broken');
  const ofApp = (app: string, more: Partial<Fault> = {}): Fault => ({
    labels: { app },
    cause: begin(app),
    remedy: stop(app),
    ...more,
  });
  return {
    PromvisorAppDown: ofApp('down'),
    PromvisorInstanceErrored: { labels: { app: 'half', instance_id: '1' }, cause: begin('half') },
    PromvisorInstancesMissing: { labels: { app: 'half' }, remedy: stop('half') },
    PromvisorCrashLooping: ofApp('slow'),
    'PromvisorCrashLooping at full speed': ofApp('fast'),
    PromvisorCrashingOften: ofApp('often'),
    PromvisorHostLost: { labels: { app: 'hosted' }, cause: loseHost },
    PromvisorAgentMute: {
      labels: { app: 'frozen' },
      cause: () => quiet.ok(['sendSignal', 'SIGSTOP', 'frozen']),
      remedy: () => quiet.ok(['sendSignal', 'SIGCONT', 'frozen']),
    },
    PromvisorReloadAborted: { labels: { app: 'release' }, cause: reloadBadly },
    PromvisorCronSkipped: ofApp('clock'),
    PromvisorMemoryNearLimit: ofApp('held'),
    PromvisorMemoryLimitRestarts: ofApp('leaks'),
    PromvisorOomKilled: { labels: { app: 'oom', reason: 'heap_oom' }, cause: begin('oom') },
    PromvisorFdsNearLimit: ofApp('files'),
    PromvisorCpuSaturated: ofApp('burns'),
    PromvisorEventLoopLagHigh: ofApp('late'),
    PromvisorHeapNearLimit: ofApp('heap'),
    PromvisorHttpErrorsHigh: ofApp('http'),
    PromvisorLogLinesDropped: ofApp('full', { labels: { app: 'full', reason: 'disk_error' } }),
    PromvisorLokiDropping: { labels: { reason: 'rejected_400' }, cause: feel({ status: 400 }), remedy: feel('hang') },
    PromvisorLokiLagging: { labels: {}, remedy: feel(null) },
    PromvisorCollectorFailing: {
      labels: { collector: 'daemon' },
      cause: () => writeFileSync(broken, ''),
      remedy: () => rmSync(broken),
    },
    PromvisorDown: { labels: { instance: doomed.address }, cause: killDaemon, remedy: startEmpty },
    // The daemon that comes after it has lost its state.
    PromvisorAppsLost: { labels: { instance: doomed.address }, remedy: startBack },
    PromvisorRestarted: { labels: { instance: doomed.address }, cause: restartTwice },
  };
}

/** The host is the parent of the instances. */
async function loseHost(): Promise<void> {
  await busy.ok(['start', 'hosted']);
  const { pid } = (await busy.instances()).find(({ app }) => app === 'hosted') ?? {};
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  killQuietly(Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
}

async function reloadBadly(): Promise<void> {
  await busy.ok(['start', 'release']);
  busy.write('release', 'throw');
  expect((await busy.run(['reload', 'release'])).code).toBe(1);
}

/** As the kernel does it when memory is short, with all its processes. */
async function killDaemon(): Promise<void> {
  const { pid } = await doomed.ping();
  const apps = await doomed.instances();
  const victims = [pid, ...apps.flatMap((app) => app.pid ?? [])];
  for (const victim of victims) killQuietly(victim);
  await until(() => !victims.some(isRunning), { what: 'it is gone', timeoutMs: LONGEST_MS });
}

const startBack = () => doomed.ok(['start', fixture('waits.sh'), '--name', 'back']);

async function startEmpty(): Promise<void> {
  rmSync(path.join(doomed.root, 'home/state'), { recursive: true });
  await startForeground(doomed);
}

/** Its second and its third start within the hour. */
async function restartTwice(): Promise<void> {
  await outcomes.get('PromvisorAppsLost');
  const start = `process_start_time_seconds{instance="${doomed.address}", app=""}`;
  for (let times = 0; times < 2; times++) {
    await killDaemon();
    // Any command finds it gone and starts the next.
    await doomed.ok(['list']);
    const now = await doomed.metric('process_start_time_seconds', {});
    await untilScraped(`${start} == ${now}`);
  }
}

/** What a foreground daemon writes needs its reader to the end. */
async function startForeground(home: TestHome, env: Readonly<Record<string, string>> = {}): Promise<void> {
  const command = home.start(['--no-daemon'], { env, timeoutMs: 300_000 });
  closing.push(async () => {
    command.signal('SIGTERM');
    await command.ended;
  });
  await until(() => home.ping(), { what: 'a daemon in the foreground', timeoutMs: LONGEST_MS });
}

function untilScraped(expression: string): Promise<unknown> {
  const look = async () => (await stack.query(expression)).length > 0;
  return until(look, { what: `${expression} in Prometheus`, timeoutMs: LONGEST_MS });
}

/** What people do, which is no fault. */
async function handle(): Promise<void> {
  await busy.ok(['start', 'sound', 'off']);
  await busy.ok(['stop', 'off']);
  for (let times = 0; times < 5; times++) await busy.ok(['restart', 'sound']);
  await busy.ok(['reset', 'sound']);
}

async function happens(name: string, fault: Fault): Promise<Happened> {
  const labels = { alertname: name.split(' ', 1)[0] ?? '', ...fault.labels };
  const firing = stack.arrived('firing', labels, { timeoutMs: LONGEST_MS });
  await Promise.all([fault.cause?.(), firing]);
  const fired = await firing;
  const ending = stack.arrived('resolved', labels, { after: fired, timeoutMs: LONGEST_MS });
  await Promise.all([fault.remedy?.(), ending]);
  return { fired, resolved: await ending };
}

function expectStarted({ code, stdout, stderr }: Awaited<ReturnType<typeof startApps>>): void {
  expect({ code, output: stdout + stderr }).toMatchObject({ code: 0 });
}

async function open(env: Readonly<Record<string, string>> = {}): Promise<OpenHome> {
  const address = `127.0.0.1:${await freePort()}`;
  const { home, close } = openHome({ PROMVISOR_HTTP_LISTEN: address, ...env });
  closing.push(close);
  return { ...home, address };
}

async function openHomes(): Promise<void> {
  loki = await startLoki();
  closing.push(() => loki.kill());
  [busy, quiet, doomed] = await Promise.all([
    open(),
    open({ PROMVISOR_LOKI_URL: loki.url, PROMVISOR_LOKI_TIMEOUT: '1s' }),
    open(),
  ]);
  // In the foreground a daemon has the NODE_OPTIONS that it is started with.
  const env = {
    NODE_OPTIONS: `--require ${fixture('breaks-daemon.cjs')}`,
    BREAKS_WHILE: path.join(quiet.root, 'broken'),
  };
  await startForeground(quiet, env);
  expectStarted(await startApps(busy, busyApps()));
  expectStarted(await startApps(quiet, [appOf('frozen', 'waits.cjs'), appOf('talks', 'talks.cjs')]));
  expectStarted(await startApps(doomed, [appOf('lost', 'waits.sh')]));
}

/** Until the counters of all are in Prometheus. */
async function scrapeAll(): Promise<void> {
  const homes = [busy, quiet, doomed];
  stack.target(homes.map(({ address }) => address));
  for (const { address } of homes) {
    await untilScraped(`promvisor_instance_exits_total{instance="${address}"}`);
  }
}

beforeAll(async () => {
  if (missingPrograms(...PROGRAMS).length > 0) return;
  stack = await startAlertStack();
  closing.push(() => stack.close());
  const opened = openHomes();
  const remedy = () => opened.then(scrapeAll);
  const absent = happens('PromvisorAbsent', { labels: {}, remedy });
  outcomes.set('PromvisorAbsent', absent);
  await Promise.all([absent, opened]);
  handled = handle();
  handled.catch(() => {});
  for (const [name, fault] of Object.entries(faults())) {
    const outcome = happens(name, fault);
    // Its own test tells.
    outcome.catch(() => {});
    outcomes.set(name, outcome);
  }
}, 2 * LONGEST_MS);

afterAll(async () => {
  const failures: unknown[] = [];
  // One that fails must not leave the others, and their processes, behind.
  for (const close of closing.reverse()) await close().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('\n'));
}, 240_000);

describe('each alert, by a real cause', () => {
  for (const { alert, labels } of alerts) {
    test(
      `${alert} fires, arrives and resolves`,
      async (context) => {
        needsPrograms(context, ...PROGRAMS);
        const named = [...outcomes].filter(([name]) => name.split(' ', 1)[0] === alert);
        expect(named.length, `a cause of ${alert} in this file`).toBeGreaterThan(0);
        for (const [, outcome] of named) {
          const { fired, resolved } = await outcome;
          expect(fired.receiver).toBe(labels['severity']);
          expect(fired.annotations['description']).not.toMatch(/<no value>|<error/);
          expect(resolved.receiver).toBe(labels['severity']);
        }
      },
      2 * LONGEST_MS,
    );
  }
});

test(
  'what is sound, restarted by hand, reset, or stopped fires nothing',
  async (context) => {
    needsPrograms(context, ...PROGRAMS);
    await handled;
    await Promise.allSettled(outcomes.values());
    const told = stack.arrivals.filter(({ labels }) => ['sound', 'off', 'talks', 'back'].includes(labels['app'] ?? ''));
    expect(told).toEqual([]);
  },
  LONGEST_MS,
);
