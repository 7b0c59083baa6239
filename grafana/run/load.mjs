/** A load of HTTP requests as it is in life: many small ones, a few slow or wrong ones, up and down like a day in minutes. */
import http from 'node:http';

const PATHS = [
  [0.6, '/item'],
  [0.75, '/upstream'],
  [0.87, '/work'],
  [0.95, '/slow'],
  [0.985, '/missing'],
  [1, '/fail'],
];
const METHODS = ['GET', 'GET', 'GET', 'GET', 'POST'];

/**
 * @param {{ ports: readonly number[], perSecond: number }} options servers on 127.0.0.1; requests a second of each, in the middle
 * @returns {{ burst(factor: number): void, stop(): void }}
 */
export function startLoad({ ports, perSecond }) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 20 });
  const startedMs = performance.now();
  let factor = 1;
  const tick = setInterval(() => {
    const wave = 1 + 0.6 * Math.sin((performance.now() - startedMs) / 45_000);
    for (const port of ports) if (Math.random() < (perSecond * wave * factor) / 50) ask(agent, port);
  }, 20);
  return {
    burst: (by) => {
      factor = by;
    },
    stop() {
      clearInterval(tick);
      agent.destroy();
    },
  };
}

function ask(agent, port) {
  const dice = Math.random();
  const path = PATHS.find(([upTo]) => dice <= upTo)?.[1];
  const method = METHODS[Math.floor(Math.random() * METHODS.length)];
  const request = http.request({ agent, host: '127.0.0.1', port, path, method, timeout: 10_000 }, (response) => {
    response.resume();
  });
  // A client in a hundred does not wait for a slow answer.
  if (path === '/slow' && Math.random() < 0.1) setTimeout(() => request.destroy(), 100);
  request.on('timeout', () => request.destroy());
  // A server that is gone is a part of the play.
  request.on('error', () => {});
  request.end();
}
