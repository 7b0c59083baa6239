// A small HTTP API: GET /primes/<n> counts the primes up to n, anything else tells who answers.
const http = require('node:http');

const LARGEST = 1_000_000;
const port = Number(process.env.PORT ?? 3000);
const instance = process.env.NODE_APP_INSTANCE ?? '0';
let served = 0;

function countPrimes(upTo) {
  const composite = new Uint8Array(upTo + 1);
  let primes = 0;
  for (let n = 2; n <= upTo; n++) {
    if (composite[n] === 1) continue;
    primes++;
    for (let multiple = n * n; multiple <= upTo; multiple += n) composite[multiple] = 1;
  }
  return primes;
}

const server = http.createServer((request, response) => {
  served++;
  const asked = /^\/primes\/(\d{1,9})$/.exec(request.url)?.[1];
  const upTo = Number(asked);
  if (asked !== undefined && upTo > LARGEST) {
    response.writeHead(400, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: `expected a number up to ${LARGEST}, got ${asked}` }));
    return;
  }
  const answer = asked === undefined ? { instance, pid: process.pid, served } : { upTo, primes: countPrimes(upTo) };
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(answer)}\n`);
});

server.listen(port, () => console.log(`instance ${instance} listens on port ${server.address().port}`));

process.on('SIGINT', () => {
  console.log(`instance ${instance} leaves after ${served} requests`);
  server.close(() => process.exit(0));
});
