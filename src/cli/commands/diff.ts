import path from 'node:path';
import type { SpecView } from '../../api/daemon-views.ts';
import { PromvisorError } from '../../base/errors.ts';
import type { ListedApp } from '../../config/diff.ts';
import { defaultConfig, isConfig, loadApps } from '../app-sources.ts';
import { type CliContext, type ExitCode, reader, say, writeJson } from '../context.ts';
import { diffText } from '../render/diff.ts';

type Options = Readonly<Record<string, unknown>>;

/**
 * `diff [FILE]`: what a start or a reload of a config file would change, app by app and key by key.
 * @param context of the command
 * @param operands a config file or `-`; none means that of the folder
 * @param options `--env`, `--only`
 * @returns 0 when nothing would change, 1 otherwise, as diff(1)
 * @throws PromvisorError USAGE, CONFIG_*
 */
export async function diffCommand(
  context: CliContext,
  operands: readonly string[],
  options: Options,
): Promise<ExitCode> {
  const file = operands[0] ?? defaultConfig(context.cwd, 'diff');
  if (!isConfig(file, context.cwd)) {
    throw new PromvisorError('CONFIG_NOT_FOUND', `diff: expected a config file, got "${file}"`);
  }
  const { apps } = await loadApps(context, file, options);
  const { diffApps } = await import('../../config/diff.ts');
  const isWhole = file !== '-' && options['only'] === undefined;
  const wanted = { apps, file: isWhole ? path.resolve(context.cwd, file) : null };
  const diffs = diffApps(wanted, await listed(context));
  const differs = diffs.some(({ change }) => change !== 'same');
  if (context.json) writeJson(context, { differs, apps: diffs });
  else say(context, diffText(diffs, context.terminal.paint).trimEnd());
  return differs ? 1 : 0;
}

/** Without a daemon nothing is on the list: `start` would start one. */
async function listed(context: CliContext): Promise<readonly ListedApp[]> {
  const apps = new Map<string, { name: string; namespace: string; specs: SpecView['spec'][] }>();
  for (const { spec } of await specsOf(context)) {
    const { name, namespace } = spec;
    const key = JSON.stringify([namespace, name]);
    const app = apps.get(key) ?? { name, namespace, specs: [] };
    app.specs.push(spec);
    apps.set(key, app);
  }
  return [...apps.values()];
}

async function specsOf(context: CliContext): Promise<readonly SpecView[]> {
  try {
    return await reader(context).specs();
  } catch (error) {
    if (error instanceof PromvisorError && error.code === 'NO_DAEMON') return [];
    throw error;
  }
}
