import http from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export interface Ask {
  /** Path of a unix socket, or none for TCP. */
  readonly socketPath?: string;
  /** host:port, for TCP. */
  readonly address?: string;
  readonly path: string;
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const LONGEST_MS = 30_000;

/**
 * Asks the daemon without any code of the product, as curl would.
 * @param ask where and what
 * @returns status, headers and text
 * @throws Error of the connection, or when no answer comes in time
 */
export function askHttp({ socketPath, address, path, method = 'GET', body, headers = {} }: Ask): Promise<Answer> {
  const url = new URL(path, `http://${address ?? 'localhost'}`);
  return new Promise((resolve, reject) => {
    const options = {
      method,
      headers,
      agent: false,
      timeout: LONGEST_MS,
      ...(socketPath === undefined ? {} : { socketPath }),
    };
    const request = http.request(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    request.on('timeout', () => request.destroy(new Error(`${method} ${path}: no answer within ${LONGEST_MS} ms`)));
    request.on('error', reject);
    request.end(body);
  });
}
