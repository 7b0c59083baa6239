/**
 * Makes golden/*.txt again: what a real PM2 says to each line of scripts/*.sh.
 *
 *   node test/pm2/make-goldens.mjs [SCRIPT...]
 *
 * PM2 is installed from npm into a folder of the system's temp folder (or taken from PROMVISOR_BENCH_PM2), runs in a
 * home of its own that is thrown away, and is ended by its own `kill`. It is run, never read, and no dependency.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findPm2 } from '../../bench/lib/pm2.mjs';
import { runScript, SCRIPTS, transcriptOf } from './run-script.mjs';

const program = await findPm2();
const asked = process.argv.slice(2);
for (const script of asked.length > 0 ? asked : SCRIPTS) {
  const root = mkdtempSync(path.join(tmpdir(), 'pm2-golden-'));
  const env = {
    PATH: `${path.dirname(program)}:${process.env.PATH}`,
    HOME: root,
    PM2_HOME: path.join(root, 'home'),
    PM2_DISCRETE_MODE: 'true',
    PM2_DISABLE_VERSION_CHECK: 'true',
    NO_COLOR: '1',
  };
  try {
    const steps = await runScript(script, { root, env });
    writeFileSync(new URL(`./golden/${script}.txt`, import.meta.url), transcriptOf(steps));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
