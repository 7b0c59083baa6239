// A Node app that serves HTTP on a free port and has answered some requests: so the agent has all of its figures.
// WAKES_EVERY_MS: it has something to do that often, as little as there is.
const http = require('node:http');

const server = http.createServer((request, response) => {
  response.statusCode = request.url === '/missing' ? 404 : 200;
  response.end('ok');
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  for (const path of ['/', '/missing']) http.get({ port, path, agent: false }, (response) => response.resume());
});
if (process.env.WAKES_EVERY_MS !== undefined) setInterval(() => {}, Number(process.env.WAKES_EVERY_MS));
