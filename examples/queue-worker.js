// A queue loop: it signs jobs one after another. After a minute or so it meets a job that it cannot take and
// crashes, on purpose, so that you can see what a crash looks like: `promvisor why queue-worker`.
const { createHmac, randomBytes, randomInt } = require('node:crypto');

const perSecond = Number(process.env.JOBS_PER_SECOND ?? 2);
const queue = [];
const poisoned = randomInt(50 * perSecond, 80 * perSecond);
let made = 0;
let done = 0;

function make() {
  made++;
  queue.push({ id: made, payload: made === poisoned ? null : randomBytes(64) });
}

function work() {
  const job = queue.shift();
  if (job === undefined) return;
  const signature = createHmac('sha256', 'example').update(job.payload).digest('hex');
  done++;
  if (done % 10 === 0) console.log(`${done} jobs done, the last is signed ${signature.slice(0, 12)}`);
}

console.log(`taking ${perSecond} jobs a second`);
const timers = [setInterval(make, 1000 / perSecond), setInterval(work, 500 / perSecond)];

process.on('SIGINT', () => {
  for (const timer of timers) clearInterval(timer);
  while (queue.length > 0) work();
  console.log(`leaving after ${done} jobs`);
});
