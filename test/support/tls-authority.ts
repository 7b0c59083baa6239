import { execFileSync } from 'node:child_process';
import path from 'node:path';

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];

export interface TlsPair {
  readonly key: string;
  readonly cert: string;
}

/** A certificate authority of a test. Everything is a path of a PEM file. */
export interface TlsAuthority {
  readonly ca: string;
  /** Makes a key and a certificate for 127.0.0.1, signed by it. */
  issue(name: string): TlsPair;
}

/**
 * Makes an authority; needs the program openssl.
 * @param folder where its files are put
 * @param name of it, and of its files
 */
export function makeTlsAuthority(folder: string, name: string): TlsAuthority {
  const pairOf = (of: string): TlsPair => ({
    key: path.join(folder, `${of}-key.pem`),
    cert: path.join(folder, `${of}.pem`),
  });
  const request = (subject: string, { key, cert }: TlsPair, ...more: string[]) => {
    const argv = ['req', '-x509', ...NEW_KEY, '-subj', `/CN=${subject}`, '-keyout', key, '-out', cert, ...more];
    execFileSync('openssl', argv, { stdio: 'ignore' });
  };
  const own = pairOf(name);
  request(name, own);
  return {
    ca: own.cert,
    issue(of) {
      const pair = pairOf(`${name}-${of}`);
      request(of, pair, '-CA', own.cert, '-CAkey', own.key, '-addext', 'subjectAltName=IP:127.0.0.1');
      return pair;
    },
  };
}
