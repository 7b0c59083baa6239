/** npm run dashboards: writes grafana/dashboards from grafana/src. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { importTypeScript } from './bundle.mjs';

const OUT = fileURLToPath(new URL('dashboards', import.meta.url));
const { DASHBOARDS, textOf } = await importTypeScript('src/files.ts');

rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT);
for (const [file, make] of Object.entries(DASHBOARDS)) {
  writeFileSync(path.join(OUT, file), textOf(make()));
  console.log(`wrote grafana/dashboards/${file}`);
}
