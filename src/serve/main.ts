import { statSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { serveOptions } from './options.ts';
import { staticServer } from './server.ts';

/** The program behind `promvisor serve`: an app like any other. */
const options = serveOptions(process.env, process.cwd());
if ('error' in options) fail(options.error);
else if (statSync(options.folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
  fail(`PM2_SERVE_PATH: expected a folder, got ${JSON.stringify(options.folder)}`);
} else {
  const { folder, host, port } = options;
  const server = staticServer(options);
  server.on('error', (error) => fail(`cannot serve on ${host}:${port}: ${error.message}`));
  server.listen(port, host, () => {
    // A server on a port has an address of this kind.
    const { address, port: bound } = server.address() as AddressInfo;
    console.log(`serving ${folder} on http://${address.includes(':') ? `[${address}]` : address}:${bound}`);
    process.send?.('ready');
  });
}

/** Uncaught, so that `start` and `why` tell what it was. */
function fail(message: string): never {
  throw new Error(message);
}
