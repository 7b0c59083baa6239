import type { AgentApp, AgentBench } from './agent-apps.ts';

/**
 * Answers /now at once, /own with a Connection header of its own, /held when the test sends a message, /stream with a
 * first part at once and the rest when the test sends a message.
 */
export const HANDLER = `
  const held = [];
  process.on('message', () => held.splice(0).forEach((finish) => finish()));
  const handler = (request, response) => {
    if (request.url === '/now') return response.end('now');
    if (request.url === '/own') {
      response.writeHead(200, { Connection: 'keep-alive', 'Keep-Alive': 'timeout=5' });
      return response.end('own');
    }
    if (request.url === '/stream') response.write('first ');
    held.push(() => response.end('late'));
    console.log('holds ' + request.url);
  };
`;

/** A server for the handler. */
export const HTTP = `
  const server = require('node:http').createServer(handler);
`;

export const LISTEN = `
  server.listen(0, '127.0.0.1', () => console.log('port ' + server.address().port));
`;

/** As in PM2's documentation, and picky about what close() says. */
export const ON_SIGINT = `
  process.on('SIGINT', () => server.close((error) => process.exit(error ? 9 : 0)));
`;

/**
 * Starts an app that says its port, and waits until the daemon knows that it listens.
 * @param bench of the test
 * @param source of the app
 * @returns the app and its port
 */
export async function serve(bench: AgentBench, source: string): Promise<{ app: AgentApp; port: number }> {
  const app = bench.start(source);
  const port = Number(await app.untilSays('port'));
  await bench.daemon.untilHeard('listening');
  return { app, port };
}
