import { errnoOf, messageOf } from '../../base/errors.ts';

/** Codes of a certificate whose authority is not known: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const NOT_TRUSTED: ReadonlySet<string> = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
]);
/** What a server that was sent no certificate does, as far as a client sees it. */
const HUNG_UP: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE', 'EPROTO']);

export interface TlsWay {
  /** Of a push. */
  readonly url: string;
  readonly ca: string | null;
  readonly cert: string | null;
}

/**
 * Says why there was no answer, and what a certificate lacks where it is that.
 * @param error of the connection
 * @param way where to, and with which PEM files
 * @returns one line
 */
export function networkWords(error: unknown, { url, ca, cert }: TlsWay): string {
  // Several addresses that all failed are one error without words.
  const first: unknown = error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : error;
  const code = errnoOf(first) ?? '';
  const said = messageOf(first) || code || 'the connection failed';
  if (NOT_TRUSTED.has(code)) {
    const authority = ca === null ? 'by none that this machine knows' : `by none in ${ca}`;
    return `the certificate of ${new URL(url).host} is signed ${authority} (${said}): loki.tls_ca names its authority`;
  }
  const asksForOurs = url.startsWith('https:') && cert === null && (HUNG_UP.has(code) || code.startsWith('ERR_SSL_'));
  return asksForOurs ? `${said}; if Loki wants a certificate of its clients: loki.tls_cert and loki.tls_key` : said;
}
