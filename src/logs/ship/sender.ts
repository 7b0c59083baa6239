import { readFileSync, statSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import type { Dispatcher } from 'undici';
import { errnoOf } from '../../base/errors.ts';
import { VERSION } from '../../base/version.ts';
import { type Answer, readRetryAfter } from './answer.ts';
import { networkWords } from './network-words.ts';

const PUSH_PATH = '/loki/api/v1/push';
const MOST_BODY_BYTES = 4096;
/**
 * undici's HTTP parser is WebAssembly. V8 compiles it for speed once it is busy, which takes 35 MB for a moment (measured)
 * and wins nothing at a few answers a second. Set before the parser is loaded; nothing else here is WebAssembly.
 */
const WASM_AS_IT_IS = '--liftoff-only';

/** A secret as it is, or the file that has it, which may change. */
export type Secret = { readonly value: string } | { readonly file: string };

export interface Target {
  /** Base of Loki, without credentials; `/loki/api/v1/push` is put behind it unless it is there. */
  readonly url: string;
  readonly tenant: string | null;
  readonly basic: { readonly user: string; readonly password: Secret } | null;
  readonly bearer: Secret | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: {
    /** Paths of PEM files. */
    readonly ca: string | null;
    readonly cert: string | null;
    readonly key: string | null;
    readonly insecureSkipVerify: boolean;
  };
  readonly timeoutMs: number;
}

/** The way to Loki. */
export interface Sender {
  /** Where pushes go, without credentials. */
  readonly url: string;
  /**
   * Pushes a gzip'd JSON body. Never throws.
   * @param body the bytes
   * @param signal gives up at once when aborted
   */
  push(body: Buffer, signal: AbortSignal): Promise<Answer>;
  close(): Promise<void>;
}

/**
 * Makes a sender; undici is loaded here, and proxies are taken from the environment.
 * @param target where to, and as whom
 * @throws Error when a TLS file cannot be read
 * @see https://undici.nodejs.org/#/docs/api/EnvHttpProxyAgent
 */
export async function createSender(target: Target): Promise<Sender> {
  setFlagsFromString(WASM_AS_IT_IS);
  const { EnvHttpProxyAgent, request } = await import('undici');
  const { timeoutMs } = target;
  const url = pushUrl(target.url);
  const tls = tlsOptions(target);
  const dispatcher: Dispatcher = new EnvHttpProxyAgent({
    connect: { ...tls, timeout: timeoutMs },
    requestTls: tls,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
  const authorization = createAuthorization(target);
  const fixed = {
    'user-agent': `promvisor/${VERSION}`,
    ...target.headers,
    ...(target.tenant === null ? {} : { 'x-scope-orgid': target.tenant }),
    'content-type': 'application/json',
    'content-encoding': 'gzip',
  };

  async function push(body: Buffer, signal: AbortSignal): Promise<Answer> {
    // From the name to the last byte of the answer: a Loki that hangs in any part of it is given up.
    const giveUp = new AbortController();
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      giveUp.abort();
    }, timeoutMs);
    const onAbort = () => giveUp.abort();
    signal.addEventListener('abort', onAbort);
    try {
      const credentials = authorization();
      const headers = credentials === null ? fixed : { ...fixed, authorization: credentials };
      const answer = await request(url, { method: 'POST', dispatcher, headers, body, signal: giveUp.signal });
      const text = await beginOf(answer.body);
      const after = answer.headers['retry-after'];
      const retryAfterMs = readRetryAfter(Array.isArray(after) ? after[0] : after, Date.now());
      return { type: 'http', status: answer.statusCode, body: text, retryAfterMs };
    } catch (error) {
      if (late || isTimeout(error)) {
        return { type: 'failed', kind: 'timeout', message: `no answer within ${timeoutMs} ms` };
      }
      return { type: 'failed', kind: 'network', message: networkWords(error, { url, ...target.tls }) };
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    }
  }

  return { url, push, close: () => dispatcher.destroy() };
}

/**
 * Makes the address of pushes.
 * @param base `http://host:3100`, with a path where Loki is behind one, or with the whole path of a push
 */
export function pushUrl(base: string): string {
  const url = new URL(base);
  url.username = '';
  url.password = '';
  const path = url.pathname.replace(/\/+$/, '');
  if (!path.endsWith(PUSH_PATH)) url.pathname = `${path}${PUSH_PATH}`;
  return url.href;
}

/** The rest of a long answer is read and thrown away, so that the connection can be used again. */
async function beginOf(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    if (bytes < MOST_BODY_BYTES) chunks.push(chunk.subarray(0, MOST_BODY_BYTES - bytes));
    bytes += chunk.length;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function createAuthorization({ basic, bearer }: Target): () => string | null {
  if (bearer !== null) {
    const token = secretReader(bearer);
    return () => `Bearer ${token()}`;
  }
  if (basic === null) return () => null;
  const password = secretReader(basic.password);
  return () => `Basic ${Buffer.from(`${basic.user}:${password()}`).toString('base64')}`;
}

/** A file is read again when it was changed: tokens are renewed under a running daemon. */
function secretReader(secret: Secret): () => string {
  if ('value' in secret) return () => secret.value;
  const { file } = secret;
  let stamp = '';
  let value = '';
  return () => {
    const { mtimeMs, ino, size } = statSync(file);
    const now = `${mtimeMs} ${ino} ${size}`;
    if (now !== stamp) value = readFileSync(file, 'utf8').trim();
    stamp = now;
    return value;
  };
}

function tlsOptions({ tls }: Target) {
  const { ca, cert, key, insecureSkipVerify } = tls;
  return {
    ...(ca === null ? {} : { ca: readFileSync(ca) }),
    ...(cert === null ? {} : { cert: readFileSync(cert) }),
    ...(key === null ? {} : { key: readFileSync(key) }),
    ...(insecureSkipVerify ? { rejectUnauthorized: false } : {}),
  };
}

function isTimeout(error: unknown): boolean {
  const code = errnoOf(error);
  return code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT' || code === 'UND_ERR_CONNECT_TIMEOUT';
}
