// An HTTP app on PORT that appends "PID NANOSECONDS" (monotonic clock) to the file STAMPS when it listens.
const { appendFileSync } = require('node:fs');
const http = require('node:http');

const { PORT = '0', STAMPS } = process.env;
const server = http.createServer((_request, response) => setTimeout(() => response.end(`${process.pid}\n`), 5));
server.listen(Number(PORT), '127.0.0.1', () => {
  appendFileSync(STAMPS, `${process.pid} ${process.hrtime.bigint()}\n`);
});
