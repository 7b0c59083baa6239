import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll } from 'vitest';

const ROOT = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

/**
 * Bundles the agent from its source as the product is bundled; it goes away with the test file.
 * @returns absolute path of the preload
 */
export async function bundleAgent(): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'promvisor-agent-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  await build({
    absWorkingDir: ROOT,
    entryPoints: { agent: 'src/agent/main.ts', telemetry: 'src/agent/telemetry.ts', channel: 'src/agent/channel.ts' },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    outdir: folder,
    outExtension: { '.js': '.cjs' },
    logLevel: 'warning',
  });
  return path.join(folder, 'agent.cjs');
}
