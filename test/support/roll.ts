import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { RollSpec } from '../../src/core/spec.ts';
import { listSegments, type Segment } from '../../src/logs/segments.ts';
import { AS_SET } from './fleet-source.ts';

/**
 * Rules of an app that says only this.
 * @param rules what it says
 */
export function rolling(rules: Partial<RollSpec>): RollSpec {
  return { ...AS_SET, ...rules };
}

/**
 * Reads a file of a log as it was written.
 * @param segment plain or gzip
 */
export function contentOf({ path, kind }: Segment): string {
  const bytes = readFileSync(path);
  return (kind === 'gzip' ? gunzipSync(bytes) : bytes).toString();
}

/**
 * Reads a log over all its files, oldest first.
 * @param live absolute path of the live file
 */
export function wholeLog(live: string): string {
  return listSegments(live).map(contentOf).join('');
}
