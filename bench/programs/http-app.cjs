// An HTTP app as users write them, on PORT of the loopback interface; it answers with its pid.
// HANDLER=sigint: with the handler that PM2 documents. THINK_MS: each request waits that long for its answer.
// BUSY_ROUNDS: each request computes. COUNT: tells its parent how many requests it has answered, when asked.
const { pbkdf2Sync } = require('node:crypto');
const http = require('node:http');

const { HANDLER, PORT = '0', THINK_MS, BUSY_ROUNDS, COUNT } = process.env;
let answered = 0;

const server = http.createServer((_request, response) => {
  answered += 1;
  if (BUSY_ROUNDS !== undefined) pbkdf2Sync('bench', 'salt', Number(BUSY_ROUNDS), 32, 'sha256');
  if (THINK_MS === undefined) response.end(`${process.pid}\n`);
  else setTimeout(() => response.end(`${process.pid}\n`), Number(THINK_MS));
});
server.listen(Number(PORT), '127.0.0.1');

if (HANDLER === 'sigint') process.on('SIGINT', () => server.close(() => process.exit(0)));

if (COUNT !== undefined) {
  process.on('message', () => {
    process.send({ answered });
    answered = 0;
  });
}
