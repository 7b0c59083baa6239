import type { AgentApp, AgentBench } from './agent-apps.ts';

export interface ClusterOptions {
  /** Path of the preload, for the workers. */
  readonly agent: string;
  /** How connections reach the workers. */
  readonly policy: 'none' | 'round-robin';
}

/** A cluster of two workers with one HTTP server, which answers with the id of the worker. */
export interface Cluster {
  readonly primary: AgentApp;
  readonly port: string;
}

/** The workers end as PM2's documentation has it; what they do at `SIGINT` in error is code 9. */
const PRIMARY = `
  const cluster = require('node:cluster');
  const { variable, agent, policy } = JSON.parse(process.env.CLUSTER);
  cluster.schedulingPolicy = policy === 'none' ? cluster.SCHED_NONE : cluster.SCHED_RR;
  cluster.setupPrimary({ exec: 'worker.cjs', execArgv: ['--require', agent] });
  let listening = 0;
  cluster.on('listening', (worker, { port }) => {
    if (++listening === 2) console.log('port ' + port);
  });
  cluster.on('exit', (worker, code, signal) => console.log('worker' + worker.id + ' ' + (signal ?? code)));
  for (let id = 0; id < 2; id++) cluster.fork({ PROMVISOR_AGENT: variable, CLUSTER: '' });
`;
const WORKER = `
  const { id } = require('node:cluster').worker;
  const server = require('node:http').createServer((request, response) => {
    setTimeout(() => response.end(String(id)), Math.random() * 5);
  });
  server.listen(0, '127.0.0.1');
  process.on('SIGINT', () => server.close((error) => process.exit(error ? 9 : 0)));
`;

/**
 * Starts a cluster whose workers have the agent, and its primary not.
 * @param bench of the test
 * @param options of the cluster
 * @returns the cluster; both workers listen
 */
export async function startCluster(bench: AgentBench, { agent, policy }: ClusterOptions): Promise<Cluster> {
  bench.write('worker.cjs', WORKER);
  const told = JSON.stringify({ variable: bench.variable, agent, policy });
  const primary = bench.start(PRIMARY, { variable: null, preload: [], env: { CLUSTER: told } });
  return { primary, port: await primary.untilSays('port') };
}
