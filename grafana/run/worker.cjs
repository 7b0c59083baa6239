// Takes jobs of a queue for ever, and dies as it is told. Arguments: what to do, after how many seconds.
//   leak SECONDS   takes 100 MB within that time, and then no more
//   throw SECONDS  an error that nobody catches
//   heap SECONDS   fills the heap until V8 gives up
//   exit SECONDS   exits with code 2
//   none           lives
const [fate = 'none', seconds = '0'] = process.argv.slice(2);
const afterMs = Number(seconds) * 1000;
const MB = 1024 * 1024;
const kept = [];

setInterval(() => {
  const end = performance.now() + Math.random() * 15;
  while (performance.now() < end);
  if (Math.random() < 0.3) console.log(`job ${Math.floor(Math.random() * 1e6)} is done`);
}, 200);

if (fate === 'leak') setInterval(() => kept.length < 200 && kept.push(Buffer.alloc(MB / 2, 1)), afterMs / 200);
else if (fate !== 'none') setTimeout(die, afterMs * (0.8 + 0.4 * Math.random()));

function die() {
  console.error('the queue is broken');
  if (fate === 'throw') throw new Error('connection reset by the queue');
  if (fate === 'exit') process.exit(2);
  for (;;) kept.push(Array.from({ length: 1000 }, (_, index) => ({ index })));
}
