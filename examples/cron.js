// A periodic job: every ten seconds a line about the host. The ecosystem file restarts it each night at four.
const os = require('node:os');

const PERIOD_MS = 10_000;

function report() {
  const [load] = os.loadavg();
  const usedRatio = 1 - os.freemem() / os.totalmem();
  console.log(
    `load ${load.toFixed(2)}, memory ${(usedRatio * 100).toFixed(1)} % used, up ${Math.round(os.uptime())} s`,
  );
}

report();
const timer = setInterval(report, PERIOD_MS);

process.on('SIGINT', () => {
  clearInterval(timer);
  console.log('no job is under way, leaving');
});
