import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PROGRAM } from './cli.ts';

/**
 * Makes the present build under another version, as if it had been installed elsewhere.
 * @param folder that does not exist yet
 * @param version that its programs say
 * @returns path of its CLI
 */
export function otherBuild(folder: string, version: string): string {
  const bin = path.join(folder, 'dist/bin');
  cpSync(path.dirname(PROGRAM), bin, { recursive: true });
  const { version: own } = JSON.parse(readFileSync(path.join(PROGRAM, '../../../package.json'), 'utf8'));
  let changed = 0;
  for (const name of readdirSync(bin).filter((file) => file.endsWith('.cjs'))) {
    const file = path.join(bin, name);
    const text = readFileSync(file, 'utf8');
    const other = text.replaceAll(`"${own}"`, `"${version}"`);
    if (other !== text) changed++;
    writeFileSync(file, other);
  }
  // CLI, daemon and host at least.
  if (changed < 3) throw new Error(`${bin}: expected three programs with version ${own}, got ${changed}`);
  return path.join(bin, path.basename(PROGRAM));
}
