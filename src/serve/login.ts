import { createHash, timingSafeEqual } from 'node:crypto';
import type { ServeOptions } from './options.ts';

/**
 * Checks the Authorization header of a request.
 * @param header as it came, undefined for none
 * @param login what is asked for
 * @returns true when user and password are right; it takes as long when they are not
 * @see RFC 7617
 */
export function mayPass(header: string | undefined, { user, password }: NonNullable<ServeOptions['login']>): boolean {
  const [, encoded = ''] = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(header ?? '') ?? [];
  return timingSafeEqual(digest(Buffer.from(encoded, 'base64')), digest(Buffer.from(`${user}:${password}`)));
}

function digest(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
