import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { countersIn, gapsIn, killDaemon } from '../support/adoption.ts';
import { appOf, type EcosystemApp, startApps, untilStatus } from '../support/apps.ts';
import { fixture } from '../support/cli.ts';
import { freePort } from '../support/cluster.ts';
import { startLoad } from '../support/load.ts';
import { MARK, markedProcesses } from '../support/processes.ts';
import { type TestHome, testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';

/** The full number, 50, takes some minutes: PROMVISOR_TEST_KILLS=50. */
const KILLS = Number(process.env['PROMVISOR_TEST_KILLS'] ?? 6);
const COPIES = KILLS > 10 ? 5 : 2;
/** What a person is doing when the daemon dies; null: nothing. */
const DEEDS: readonly (readonly string[] | null)[] = [
  null,
  ['restart', 'victim'],
  ['reload', 'web-a'],
  ['scale', 'web-b', '3'],
  ['stop', 'victim'],
  ['start', 'victim'],
  ['scale', 'web-b', '2'],
  ['reload', 'web-b'],
  ['flush', 'victim'],
  ['save'],
];
const PERL = '$| = 1; for (my $i = 0; ; $i++) { print "line $i\\n"; select(undef, undef, undef, 0.02) }';

const copies = Array.from({ length: COPIES }, (_, at) => at);
const printers: readonly EcosystemApp[] = copies.flatMap((at) => [
  appOf(`node-${at}`, 'numbers.cjs', { max_size: '20K', retain: 1000 }),
  appOf(`bash-${at}`, 'numbers.sh', { max_size: '30K', retain: 1000 }),
  appOf(`python-${at}`, 'numbers.py'),
  appOf(`halves-${at}`, 'half-lines.sh'),
  { name: `native-${at}`, script: '/usr/bin/perl', args: ['-e', PERL], interpreter: 'none', time: at === 0 },
]);

/** Everything that a stream of an app has said, in its order, rolled files first. */
function allOf(home: TestHome, app: string): string {
  const live = path.join(home.root, 'home/logs', `${app}-out.log`);
  const folder = `${live}.d`;
  const rolled = readdirSync(folder)
    .filter((name) => /\.log(?:\.gz)?$/.test(name))
    .sort()
    .map((name) => textOf(path.join(folder, name)));
  return [...rolled, readFileSync(live, 'utf8')].join('');
}

function textOf(file: string): string {
  const bytes = readFileSync(file);
  return file.endsWith('.gz') ? gunzipSync(bytes).toString('utf8') : bytes.toString('utf8');
}

async function pidsOf(home: TestHome, names: ReadonlySet<string>): Promise<ReadonlyMap<string, number | null>> {
  const instances = (await home.instances()).filter(({ app }) => names.has(app));
  return new Map(instances.map(({ app, slot, pid }) => [`${app}:${slot}`, pid]));
}

test(`a daemon that dies ${KILLS} times, whatever it is doing, costs nothing`, {
  timeout: 60_000 + KILLS * 15_000,
}, async () => {
  const home = testHome();
  const ports = [await freePort(), await freePort()];
  const web = (name: string, port: number) => ({
    name,
    script: fixture('numbers.cjs'),
    exec_mode: 'cluster',
    instances: 2,
    min_uptime: 200,
    env: { PORT: String(port) },
  });
  await startApps(home, [
    web('web-a', ports[0] ?? 0),
    web('web-b', ports[1] ?? 0),
    ...printers,
    appOf('victim', 'waits.cjs'),
  ]);
  const names = new Set(printers.map(({ name }) => name));
  const before = await pidsOf(home, names);
  const loads = ports.map((port) => startLoad({ url: `http://127.0.0.1:${port}/`, keepAlive: true, perSecond: 100 }));
  let shown = countersIn((await home.http('/metrics')).body);
  for (let round = 0; round < KILLS; round++) {
    const deed = DEEDS[round % DEEDS.length] ?? null;
    const command = deed === null ? null : home.start(deed);
    // At another moment of what is being done each time; the load is the clock.
    const sent = (loads[0]?.requests ?? 0) + ((round * 7) % 40);
    await until(() => (loads[0]?.requests ?? 0) > sent, { what: 'the moment' });
    await killDaemon(home);
    await command?.ended;
    await home.ok(['list']);
    const { adopted } = await home.ping();
    expect(adopted).toBeGreaterThanOrEqual(printers.length + 3);
    const last = shown;
    shown = await until(
      async () => {
        const now = countersIn((await home.http('/metrics')).body);
        // An instance that is scaled away takes its series along.
        return [...last.keys()].every((series) => now.has(series) || /"web-b".*instance_id="2"/.test(series)) && now;
      },
      { what: 'every counter again' },
    );
    const fallen = [...last].filter(([series, value]) => (shown.get(series) ?? Number.POSITIVE_INFINITY) < value);
    expect({ round, deed, fallen }).toEqual({ round, deed, fallen: [] });
  }
  const reports = await Promise.all(loads.map((load) => load.stop()));
  expect(reports.map(({ failed, failures }) => ({ failed, failures }))).toEqual(
    reports.map(() => ({ failed: 0, failures: [] })),
  );
  expect(await pidsOf(home, names)).toEqual(before);
  await home.ok(['start', 'victim']);
  await untilStatus(home, 'victim', 'running');
  const ups = (await home.instances()).filter(({ app, status }) => app === 'victim' && status === 'running');
  expect(ups).toHaveLength(1);
  const found = [...names].map((app) => ({ app, ...gapsIn(allOf(home, app)) }));
  for (const { app } of found.filter(({ app }) => app.startsWith('halves'))) {
    const torn = allOf(home, app)
      .split('\n')
      .filter((line) => !/^(?:line \d+)?$/.test(line));
    expect({ app, torn }).toEqual({ app, torn: [] });
  }
  expect(found.filter(({ missing }) => missing > 0)).toEqual([]);
  for (const { repeated, lines } of found) {
    expect(repeated).toBeLessThanOrEqual(KILLS);
    expect(lines).toBeGreaterThan(KILLS * 10);
  }
  await home.ok(['kill']);
  expect(markedProcesses(home.root), `${MARK}=${home.root}`).toEqual([]);
});
