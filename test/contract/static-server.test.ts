import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type ServeOptions, serveOptions } from '../../src/serve/options.ts';
import { staticServer } from '../../src/serve/server.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Ask = (
  target: string,
  more?: { readonly method?: string; readonly headers?: Readonly<Record<string, string>> },
) => Promise<Answer>;

/** A server over a folder `public` beside which there is a secret. */
async function serving(changes: Partial<ServeOptions> = {}): Promise<Ask> {
  const root = mkdtempSync(path.join(tmpdir(), 'pmv-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const folder = path.join(root, 'public');
  mkdirSync(path.join(folder, 'sub'), { recursive: true });
  mkdirSync(path.join(folder, '.well-known'));
  mkdirSync(path.join(root, 'public-not'));
  const files = {
    'secret.txt': 'secret',
    'public-not/secret.txt': 'secret',
    'public/.env': 'secret',
    'public/sub/.htpasswd': 'secret',
    'public/.well-known/acme': 'token',
    'public/index.html': '<p>home</p>',
    'public/data.json': '{"a":1}',
    'public/sub/a b.txt': '0123456789',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(root, name), text);
  const server = staticServer({
    folder,
    host: '127.0.0.1',
    port: 0,
    spa: false,
    homepage: 'index.html',
    login: null,
    ...changes,
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  const { port } = server.address() as AddressInfo;
  return (target, { method = 'GET', headers = {} } = {}) => ask({ port, target, method, headers });
}

/** The target goes out as it is: fetch() would tidy it up. */
function ask(what: {
  readonly port: number;
  readonly target: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
}): Promise<Answer> {
  const { port, target, method, headers } = what;
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path: target, method, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    asked.on('error', reject);
    asked.end();
  });
}

describe('the static server', () => {
  test('serves files with their type, the home page, ranges and what has not changed', async () => {
    const get = await serving();
    expect(await get('/')).toMatchObject({
      status: 200,
      body: '<p>home</p>',
      headers: { 'content-type': 'text/html; charset=utf-8' },
    });
    const data = await get('/data.json?v=1');
    expect(data).toMatchObject({ status: 200, headers: { 'x-content-type-options': 'nosniff' } });
    expect(data.headers['content-type']).toContain('application/json');
    expect((await get('/data.json', { headers: { 'if-none-match': data.headers.etag ?? '' } })).status).toBe(304);
    expect(await get('/sub/a%20b.txt', { headers: { range: 'bytes=-3' } })).toMatchObject({ status: 206, body: '789' });
    expect(await get('/sub/a%20b.txt', { method: 'HEAD' })).toMatchObject({
      status: 200,
      body: '',
      headers: { 'content-length': '10' },
    });
    expect(await get('/.well-known/acme')).toMatchObject({ status: 200, body: 'token' });
  });

  test('gives nothing of what is outside the folder or begins with a dot, however it is asked for', async () => {
    for (const spa of [false, true]) {
      const get = await serving({ spa });
      const targets = [
        ...['/../secret.txt', '/..%2fsecret.txt', '/%2e%2e/secret.txt', '/sub/../../secret.txt', '/..\\secret.txt'],
        ...[
          '/../public-not/secret.txt',
          '//../secret.txt',
          '/%2e%2e%2fsecret.txt',
          '/..%5csecret.txt',
          '/%00/secret.txt',
        ],
        ...['/.env', '/%2eenv', '/sub/.htpasswd', '/.well-known/../.env', '/.well-known/%2e%2e/.env', '/%', '/%ff'],
        ...['/.well-known/..%2f.env', '/.well-known/..%2f..%2fsecret.txt'],
      ];
      for (const target of targets) {
        const { status, body } = await get(target);
        expect(body, target).not.toContain('secret');
        expect([target, spa || status >= 400]).toEqual([target, true]);
      }
    }
  });

  test('lists no folder, and takes nothing but GET and HEAD', async () => {
    const get = await serving();
    expect(await get('/sub/')).toMatchObject({ status: 404 });
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND']) {
      expect(await get('/data.json', { method })).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
    }
  });

  test('has the home page for the routes of a single-page app, and not for missing files', async () => {
    const get = await serving({ spa: true });
    expect(await get('/users/7?tab=a')).toMatchObject({ status: 200, body: '<p>home</p>' });
    expect(await get('/users/7', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
    expect(await get('/app.js')).toMatchObject({ status: 404 });
    expect(await (await serving())('/users/7')).toMatchObject({ status: 404 });
  });

  test('asks for a login where there is one', async () => {
    const get = await serving({ login: { user: 'me', password: 'pa:ss' } });
    const basic = (text: string) => ({ headers: { authorization: `Basic ${Buffer.from(text).toString('base64')}` } });
    expect(await get('/')).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': expect.stringContaining('Basic') },
    });
    for (const wrong of ['me:pa', 'me:', ':', '', 'me', 'you:pa:ss'])
      expect((await get('/', basic(wrong))).status).toBe(401);
    expect((await get('/', { headers: { authorization: 'Bearer bWU6cGE6c3M=' } })).status).toBe(401);
    expect((await get('/', basic('me:pa:ss'))).status).toBe(200);
  });
});

test("the variables are those of PM2's static server", () => {
  expect(serveOptions({}, '/srv')).toEqual({
    folder: '/srv',
    host: '0.0.0.0',
    port: 8080,
    spa: false,
    homepage: 'index.html',
    login: null,
  });
  const env = {
    PM2_SERVE_PATH: 'dist',
    PM2_SERVE_PORT: '3000',
    PM2_SERVE_SPA: 'true',
    PM2_SERVE_HOMEPAGE: '/start.html',
    PM2_SERVE_BASIC_AUTH: 'true',
    PM2_SERVE_BASIC_AUTH_USERNAME: 'me',
    PM2_SERVE_BASIC_AUTH_PASSWORD: 'x',
  };
  expect(serveOptions(env, '/srv')).toMatchObject({
    folder: '/srv/dist',
    port: 3000,
    spa: true,
    homepage: 'start.html',
    login: { user: 'me', password: 'x' },
  });
  for (const wrong of [
    { PM2_SERVE_PORT: '70000' },
    { PM2_SERVE_BASIC_AUTH: 'true' },
    { PM2_SERVE_BASIC_AUTH_USERNAME: 'me' },
  ]) {
    expect(serveOptions(wrong, '/')).toHaveProperty('error');
  }
});
