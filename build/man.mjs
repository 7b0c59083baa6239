/** Writes dist/man/promvisor.1 from the commands and flags of the program: to be run after tsc. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const TARGET = path.join(ROOT, 'dist/man/promvisor.1');
const { version } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));

const { manPage } = await import(path.join(ROOT, 'dist/js/cli/manual.js'));
mkdirSync(path.dirname(TARGET), { recursive: true });
writeFileSync(TARGET, manPage(version));
console.log(`build: ${path.relative(ROOT, TARGET)}`);
