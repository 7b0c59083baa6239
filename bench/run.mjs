import { cpus, release } from 'node:os';
import { parseArgs } from 'node:util';
import { render } from './lib/report.mjs';
import { createScratch } from './lib/scratch.mjs';

/** Rounds that give steady medians on two cores; each bench takes one to three minutes. */
const BENCHES = {
  restart: { rounds: 40 },
  cli: { rounds: 20, apps: 100 },
  fleet: { rounds: 3, apps: 100 },
  idle: { seconds: 30 },
  scrape: { rounds: 20, apps: 100, program: 'sleep' },
  logs: { rounds: 2, lines: 1_000_000 },
  'logs-roll': { lines: 1_000_000 },
  'logs-steady': { seconds: 20, apps: 10 },
  tail: { rounds: 20 },
  reload: { rounds: 10 },
  worker: { rounds: 10 },
  cluster: { rounds: 5, seconds: 3 },
  accept: { rounds: 3, seconds: 4 },
  agents: { seconds: 60, apps: 20 },
  'agent-http': { rounds: 5, seconds: 6 },
  'cluster-memory': { seconds: 10 },
};
const USAGE = `npm run bench -- NAME... [--rounds N] [--apps N] [--seconds N] [--lines N] [--only NAME,...] [--program sleep|node|awake] [--json] [--check]
NAME: ${Object.keys(BENCHES).join(', ')} or all. PM2 is installed from npm into a cache below the system's temp folder,
unless PROMVISOR_BENCH_PM2 names one. --check: exit code 1 when a goal is missed. --program: of scrape,
what each app is; node apps have an agent and all its figures. --only: of scrape, logs, logs-steady, reload,
worker, cluster, agents and cluster-memory, the contenders that take part: floor, pm2, promvisor.
`;

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      apps: { type: 'string' },
      seconds: { type: 'string' },
      lines: { type: 'string' },
      only: { type: 'string' },
      program: { type: 'string' },
      json: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
    },
  });
  const names = positionals.includes('all') ? Object.keys(BENCHES) : positionals;
  if (names.length === 0 || names.some((name) => !Object.hasOwn(BENCHES, name))) {
    process.stderr.write(USAGE);
    return 2;
  }
  const numbers = Object.fromEntries(
    ['rounds', 'apps', 'seconds', 'lines'].flatMap((key) =>
      values[key] === undefined ? [] : [[key, wholeNumber(key, values[key])]],
    ),
  );
  const machine = `${process.platform} ${release()}, ${cpus().length} x ${cpus()[0]?.model ?? 'cpu'}, Node ${process.version}`;
  if (!values.json) process.stdout.write(`${machine}\n\n`);
  const results = [];
  for (const name of names) {
    const result = await one(name, {
      ...BENCHES[name],
      ...numbers,
      only: values.only?.split(','),
      ...programOf(values),
    });
    results.push(result);
    if (!values.json) process.stdout.write(`${render(result)}\n`);
  }
  if (values.json) process.stdout.write(`${JSON.stringify({ machine, results }, null, 1)}\n`);
  return values.check && results.some(({ goals }) => goals.some(({ met }) => !met)) ? 1 : 0;
}

function programOf({ program }) {
  if (program === undefined) return {};
  if (!['sleep', 'node', 'awake'].includes(program))
    throw new Error(`--program: expected sleep, node or awake, got "${program}"`);
  return { program };
}

function wholeNumber(key, text) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`--${key}: expected a whole number of at least 1, got "${text}"`);
  return value;
}

async function one(name, options) {
  const { about, bench } = await import(`./${name}.mjs`);
  const scratch = createScratch();
  const stop = () => {
    scratch.dispose();
    process.exit(130);
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    return { name, about, ...(await bench({ scratch, ...options })) };
  } finally {
    const killed = scratch.dispose();
    if (killed > 0) process.stderr.write(`${name}: ${killed} processes were left and had to be killed\n`);
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

process.exitCode = await main();
