/**
 * Tells whether this Node has zstd. Asked without loading node:zlib, which most commands never need.
 * @returns true from Node 22.15 and 23.8 on
 * @see https://nodejs.org/api/zlib.html#zlibcreatezstdcompressoptions
 */
export function hasZstd(): boolean {
  return process.versions['zstd'] !== undefined;
}

/** What is needed for zstd and what there is, for messages. */
export const ZSTD_NEEDS = `"zstd" needs Node 22.15 or newer, this is ${process.version}`;
