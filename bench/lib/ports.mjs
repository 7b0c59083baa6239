import http from 'node:http';
import { createServer } from 'node:net';
import { until } from './command.mjs';

/** @returns {Promise<number>} a port of the loopback interface that nobody has now */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/**
 * Waits until a server answers.
 * @param {string} url
 */
export function untilAnswers(url) {
  return until(() => answers(url), { what: `answer of ${url}`, timeoutMs: 30_000, everyMs: 50 });
}

function answers(url) {
  return new Promise((resolve) => {
    const request = http.get(url, { agent: false, timeout: 2_000 }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode === 200));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
  });
}
