/** Writes dist/schema/ecosystem.schema.json, which editors read, from the schema that the product checks with. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const TARGET = path.join(ROOT, 'dist/schema/ecosystem.schema.json');

const { outputFiles } = await build({
  absWorkingDir: ROOT,
  entryPoints: ['src/config/json-schema.ts'],
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  write: false,
  logLevel: 'warning',
});
const code = Buffer.from(outputFiles[0].contents).toString('base64');
const { ecosystemJsonSchema } = await import(`data:text/javascript;base64,${code}`);

mkdirSync(path.dirname(TARGET), { recursive: true });
writeFileSync(TARGET, `${JSON.stringify(ecosystemJsonSchema(), null, 2)}\n`);
console.log(`build: ${path.relative(ROOT, TARGET)}`);
