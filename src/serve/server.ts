import { createReadStream, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import path from 'node:path';
import serveStatic from 'serve-static';
import { mayPass } from './login.ts';
import type { ServeOptions } from './options.ts';

/** What certificate authorities ask for; other names that begin with a dot are nobody's business. */
const WELL_KNOWN = '/.well-known';

/**
 * Makes the static server: GET and HEAD of files below one folder, never of what is outside or begins with a dot.
 * @param options folder, home page, login
 * @returns a server that does not listen yet
 */
export function staticServer(options: ServeOptions): Server {
  const { folder, homepage } = options;
  const files = serveStatic(folder, { index: homepage });
  const wellKnown = serveStatic(path.join(folder, WELL_KNOWN), { index: false, redirect: false });
  return createServer((request, response) => {
    response.setHeader('X-Content-Type-Options', 'nosniff');
    if (options.login !== null && !mayPass(request.headers.authorization, options.login)) {
      response.setHeader('WWW-Authenticate', 'Basic realm="private", charset="UTF-8"');
      return refuse(response, 401, 'a user name and a password are needed');
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      return refuse(response, 405, 'only GET and HEAD');
    }
    const isWellKnown = pathOf(request).startsWith(`${WELL_KNOWN}/`);
    // Its own root, so that no way leads out of it to other names with a dot.
    if (isWellKnown) request.url = request.url?.slice(WELL_KNOWN.length);
    (isWellKnown ? wellKnown : files)(request, response, (error) =>
      otherwise(request, response, { options, spa: options.spa && !isWellKnown, error }),
    );
  });
}

function pathOf({ url = '/' }: IncomingMessage): string {
  const end = url.search(/[?#]/);
  return end === -1 ? url : url.slice(0, end);
}

/** There is no such file, or it cannot be read. */
function otherwise(
  request: IncomingMessage,
  response: ServerResponse,
  { options, spa, error }: { readonly options: ServeOptions; readonly spa: boolean; readonly error: unknown },
): void {
  if (error !== undefined) {
    console.error(`${request.method} ${request.url}: ${error instanceof Error ? error.message : String(error)}`);
    refuse(response, 500, 'the file could not be read');
    return;
  }
  const pathname = pathOf(request);
  // What has an ending was meant as a file: a page in its place would be taken for a script or a picture.
  const isRoute = spa && path.extname(pathname) === '' && !pathname.includes('/.');
  const page = isRoute ? { name: options.homepage, status: 200 } : { name: '404.html', status: 404 };
  sendPage(request, response, { file: path.join(options.folder, page.name), status: page.status });
}

interface Page {
  readonly file: string;
  readonly status: number;
}

function sendPage(request: IncomingMessage, response: ServerResponse, { file, status }: Page): void {
  const size = sizeOf(file);
  if (size === null) {
    refuse(response, 404, 'no such file');
    return;
  }
  response.writeHead(status, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Length': size,
    'Cache-Control': 'no-cache',
  });
  if (request.method === 'HEAD' || size === 0) {
    response.end();
    return;
  }
  // Never more than was promised, also when the file grows meanwhile.
  const page = createReadStream(file, { end: size - 1 });
  page.on('error', () => response.destroy());
  response.on('close', () => page.destroy());
  page.pipe(response);
}

function sizeOf(file: string): number | null {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat?.isFile() === true ? stat.size : null;
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': text.length + 1 });
  response.end(response.req.method === 'HEAD' ? undefined : `${text}\n`);
}
