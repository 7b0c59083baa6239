import { execFileSync } from 'node:child_process';
import path from 'node:path';

/**
 * Makes a key and a certificate of its own for localhost; needs the program openssl.
 * @param folder where they are put
 * @returns paths of both
 */
export function makeTlsKey(folder: string): { readonly key: string; readonly cert: string } {
  const key = path.join(folder, 'key.pem');
  const cert = path.join(folder, 'cert.pem');
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const argv = ['req', '-x509', ...kind, '-subj', '/CN=localhost', '-keyout', key, '-out', cert];
  execFileSync('openssl', argv, { stdio: 'ignore' });
  return { key, cert };
}
