import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { AppConfig } from '../../src/client/types.ts';
import type { AttributeKey } from '../../src/config/schema.ts';

const ROOT = path.join(import.meta.dirname, '../..');

/** Keys that are spelled out, without the one that stands for all others. */
type Spelled<T> = keyof { [K in keyof T as string extends K ? never : K]: T[K] };

const PROGRAM = `
async function main(): Promise<void> {
  const promvisor: Promvisor = await connect({ home: '/tmp/home', start: true });
  const [outcome] = await promvisor.start({ script: 'app.js', instances: 'max', env: { A: 1 }, any_other: true });
  const ok: boolean | undefined = outcome?.ok;
  for await (const event of promvisor.events({ targets: ['web', 3], since: new Date() })) {
    if (event.type === 'transition') event.exit?.reason.toUpperCase();
    // @ts-expect-error a removed instance has no status
    if (event.type === 'removed') event.status;
  }
  for await (const { text, stream } of await promvisor.logs()) console.log(ok, text, stream === 'error');
  // @ts-expect-error targets are needed
  await promvisor.stop();
  // @ts-expect-error no such mode
  await promvisor.start({ script: 'app.js', exec_mode: 'threads' });
  try {
    await promvisor.reload('web', { parallel: 2 });
  } catch (error) {
    if (error instanceof PromvisorError && error.code === 'NOT_FOUND') return;
    // @ts-expect-error no such code
    if (error instanceof PromvisorError && error.code === 'NONE') return;
  }
  promvisor.close();
}
void main();
`;

test('attributes that are spelled out for editors are attributes', () => {
  const spelled = (key: Spelled<AppConfig>): AttributeKey => key;
  expect(spelled('script')).toBe('script');
});

test('the types of the package hold for both kinds of modules', () => {
  // Built by "npm run build", as the package is.
  expect(existsSync(path.join(ROOT, 'dist/app/promvisor.d.mts'))).toBe(true);
  const folder = mkdtempSync(path.join(tmpdir(), 'pmv-types-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(path.join(folder, 'node_modules/@types'), { recursive: true });
  symlinkSync(ROOT, path.join(folder, 'node_modules/promvisor'));
  symlinkSync(path.join(ROOT, 'node_modules/@types/node'), path.join(folder, 'node_modules/@types/node'));
  const files = ['program.mts', 'program.cts'].map((name) => path.join(folder, name));
  for (const file of files) {
    writeFileSync(file, `import { connect, PromvisorError, type Promvisor } from 'promvisor';\n${PROGRAM}`);
  }
  const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--types', 'node'];
  const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
  let told = '';
  try {
    execFileSync(process.execPath, [tsc, ...flags, ...files], { cwd: folder, encoding: 'utf8' });
  } catch (error) {
    told = String((error as { stdout: unknown }).stdout);
  }
  expect(told).toBe('');
});
