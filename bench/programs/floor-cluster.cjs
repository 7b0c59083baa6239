// The floor of cluster mode: a bare node:cluster primary (first argument, JSON: schedule, workers, script, drain).
// Told 'reload' it replaces each worker as a supervisor should: the new one listens before the old one goes.
// Told 'counts' it asks each worker how much it has answered.
const cluster = require('node:cluster');
const { once } = require('node:events');

const { schedule, workers, script, drain } = JSON.parse(process.argv[2]);
cluster.schedulingPolicy = schedule === 'shared' ? cluster.SCHED_NONE : cluster.SCHED_RR;
cluster.setupPrimary({ exec: script, args: [], execArgv: drain === null ? [] : ['--require', drain] });

async function fork() {
  const worker = cluster.fork();
  await once(worker, 'listening');
  return worker;
}

async function reload() {
  for (const [i, old] of running.entries()) {
    running[i] = await fork();
    if (drain === null) old.kill('SIGINT');
    else old.send('drain');
    await once(old, 'exit');
  }
  process.send({ type: 'reloaded' });
}

async function count(worker) {
  worker.send('count');
  return (await once(worker, 'message'))[0].answered;
}

/** Workers first: one that is left alone in the middle of a request complains. */
async function end() {
  for (const worker of Object.values(cluster.workers)) {
    worker.process.kill('SIGKILL');
    await once(worker, 'exit');
  }
  process.exit();
}

const running = [];
process.on('disconnect', end);
process.on('message', async (what) => {
  if (what === 'reload') await reload();
  else process.send({ type: 'counts', counts: await Promise.all(running.map(count)) });
});

async function main() {
  for (let i = 0; i < workers; i += 1) running.push(await fork());
  process.send({ type: 'up', pids: running.map(({ process: { pid } }) => pid) });
}

main();
