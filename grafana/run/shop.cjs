// An API as it is in life: quick and slow answers, a few errors, calls of another service, a line for each request.
// Files in the folder FAULTS switch faults on: `cannot-start`.
const { existsSync } = require('node:fs');
const http = require('node:http');
const path = require('node:path');

const { FAULTS = '.', PORT = '0', UPSTREAM = '' } = process.env;
const SLOT = process.env.NODE_APP_INSTANCE ?? '0';
if (existsSync(path.join(FAULTS, 'cannot-start'))) {
  console.error('no connection to the database');
  process.exit(3);
}
/** Answers that clients may have again: memory that grows and is let go. */
const cache = new Map();

function answer(request, response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
  const line = `${request.method} ${request.url} ${status} instance=${SLOT}`;
  if (status >= 500) console.error(line);
  else console.log(line);
}

function burn(ms) {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

const server = http.createServer(async (request, response) => {
  const { url = '/' } = request;
  if (url.startsWith('/fail')) return answer(request, response, 500, { error: 'no stock' });
  if (url.startsWith('/missing')) return answer(request, response, 404, { error: 'no such thing' });
  if (url.startsWith('/slow')) await new Promise((resolve) => setTimeout(resolve, 150 + Math.random() * 500));
  if (url.startsWith('/work')) burn(5 + Math.random() * 25);
  if (url.startsWith('/upstream') && UPSTREAM !== '') {
    try {
      const reply = await fetch(`${UPSTREAM}/item${Math.random() < 0.05 ? '?missing' : ''}`);
      await reply.text();
    } catch {
      return answer(request, response, 502, { error: 'no answer' });
    }
  }
  cache.set(Math.random(), Buffer.alloc(2_000, 'x').toString());
  if (cache.size > 5_000) cache.clear();
  answer(request, response, 200, { ok: true });
});
server.listen(Number(PORT), '127.0.0.1', () =>
  console.log(`instance ${SLOT} listens on port ${server.address().port}`),
);
process.on('SIGINT', () => server.close(() => process.exit(0)));
