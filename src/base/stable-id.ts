/** FNV's prime for 32 bits, and first values that have nothing in common. */
const PRIME = 0x01000193;
const SEEDS = [0x811c9dc5, 0x6a09e667, 0xbb67ae85, 0x3c6ef372] as const;

/**
 * Makes an id of a text: the same for the same text, in the form of a UUID of version 8 (RFC 9562). It is no secret and
 * no proof. The daemon does without node:crypto for it, whose first hash costs 2.5 MB.
 * @param text for example a name
 */
export function stableId(text: string): string {
  const hex = SEEDS.map((seed) => mixed(text, seed).toString(16).padStart(8, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20)].join('-');
}

/** FNV-1a, and then shifts and products, so that each bit of the text has a say in each of the result. */
function mixed(text: string, seed: number): number {
  let hash = seed;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), PRIME);
  hash = Math.imul(hash ^ (hash >>> 15), seed | 1);
  hash = Math.imul(hash ^ (hash >>> 13), PRIME);
  return (hash ^ (hash >>> 16)) >>> 0;
}
