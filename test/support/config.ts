import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { PromvisorError } from '../../src/base/errors.ts';
import { homeOf } from '../../src/base/paths.ts';
import type { ResolveContext } from '../../src/config/context.ts';
import type { ConfigProblem } from '../../src/config/findings.ts';
import { type ResolvedApps, resolveApps } from '../../src/config/resolve.ts';
import type { AppSpec } from '../../src/core/spec.ts';

export const SOURCE = 'ecosystem.config.cjs';

/** A folder of the running test's own, with files in it. */
export function folder(files: Readonly<Record<string, string>> = {}): string {
  const root = mkdtempSync(path.join(tmpdir(), 'pmv-config-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), content);
  }
  return root;
}

/** A command given in a folder, on a machine with 4 CPUs and a shell that has little in it. */
export function commandIn(cwd: string, changes: Partial<ResolveContext> = {}): ResolveContext {
  return {
    source: SOURCE,
    configFile: path.join(cwd, SOURCE),
    cwd,
    env: { PATH: '/usr/bin:/bin', SHELL_VARIABLE: 'from the shell' },
    envName: null,
    only: null,
    cpus: 4,
    home: homeOf({ PROMVISOR_HOME: path.join(cwd, 'home') }),
    overrides: {},
    ...changes,
  };
}

/** Resolves one app whose script is there. */
export async function resolveOne(app: unknown, changes: Partial<ResolveContext> = {}): Promise<ResolvedOne> {
  const cwd = folder({ 'app.js': '' });
  const raw = { apps: [{ script: './app.js', ...(app as object) }] }; // what is no object spreads to nothing
  const { apps, warnings } = await resolveApps(raw, commandIn(cwd, changes));
  const [spec] = apps;
  if (spec === undefined) throw new Error('expected one app, got none');
  return { spec, warnings, cwd };
}

export interface ResolvedOne extends Pick<ResolvedApps, 'warnings'> {
  readonly spec: AppSpec;
  readonly cwd: string;
}

/** The error that a piece of work must end with. */
export async function errorOf(work: Promise<unknown>): Promise<PromvisorError> {
  const outcome = await work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('error' in outcome && outcome.error instanceof PromvisorError) return outcome.error;
  const got =
    'error' in outcome ? String(outcome.error instanceof Error ? outcome.error.stack : outcome.error) : 'none';
  throw new Error(`expected a PromvisorError, got ${got}`);
}

/** The mistakes that CONFIG_INVALID tells. */
export function problemsOf(error: PromvisorError): readonly ConfigProblem[] {
  if (error.code !== 'CONFIG_INVALID') throw new Error(`expected CONFIG_INVALID, got ${error.code}: ${error.message}`);
  return error.details['problems'] as readonly ConfigProblem[]; // its shape is what findings.ts puts there
}
