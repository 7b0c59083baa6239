import { nearestWord } from '../base/did-you-mean.ts';
import type { AppSpec } from '../core/spec.ts';
import type { ResolveContext } from './context.ts';
import { createShellReader } from './env.ts';
import { type ConfigProblem, type ConfigRemark, configInvalid, createFindings, type Findings } from './findings.ts';
import { systemAccounts } from './identity.ts';
import { nameHint, type ReadApp, readApp } from './read-app.ts';
import { resolveApp, resolveName } from './resolve-app.ts';
import { contentsOf, type Data, isData, plainValue } from './shapes.ts';
import { show } from './show.ts';
import { staticApps } from './static-server.ts';
import { createVersionFinder } from './version.ts';

export interface ResolvedApps {
  readonly apps: AppSpec[];
  /** For people: unknown keys and the like. */
  readonly warnings: string[];
}

/** Everything that is found, mistakes and all. */
export interface Examination {
  /** Those without a mistake, in their order. */
  readonly apps: AppSpec[];
  readonly problems: readonly ConfigProblem[];
  readonly remarks: readonly ConfigRemark[];
}

interface Candidate {
  readonly app: ReadApp;
  /** Full name, null while it cannot be told. */
  readonly name: string | null;
  readonly hint: string | null;
  readonly findings: Findings;
}

/**
 * Turns what a file or a command line says into apps with nothing left open.
 * @param raw what `loadConfigFile` or `parseConfigText` gave, or an object of flags
 * @param context the command
 * @returns the apps that are meant, in their order, and warnings
 * @throws PromvisorError CONFIG_INVALID that tells every mistake, with `details.problems`
 */
export async function resolveApps(raw: unknown, context: ResolveContext): Promise<ResolvedApps> {
  const { apps, problems, remarks } = await examineApps(raw, context);
  if (problems.length > 0) throw configInvalid(problems);
  const warnings = remarks.filter(({ level }) => level === 'warning').map(({ message }) => message);
  return { apps, warnings: [...new Set(warnings)] };
}

/**
 * The same, and mistakes are a part of the answer.
 * @param raw what `loadConfigFile` or `parseConfigText` gave, or an object of flags
 * @param context the command
 * @returns what is meant as far as it can be told, and all that was found
 */
export async function examineApps(raw: unknown, context: ResolveContext): Promise<Examination> {
  const file = createFindings(context.source);
  const { apps, deploy, served } = contentsOf(raw, file.about(null));
  const candidates = [...apps, ...staticApps(served, file.about(null))].map((app, index) =>
    candidateOf(app, index, context),
  );
  const meant = select(candidates, context, file);
  const accounts = systemAccounts();
  const versionAt = createVersionFinder();
  const shell = createShellReader(context.env);
  const deployEnv = deployEnvOf(deploy, context.envName);
  const specs: AppSpec[] = [];
  for (const { app, name } of meant) {
    const spec = await resolveApp(app, { context, name, deployEnv, accounts, shell, versionAt });
    if (spec !== null) specs.push(spec);
  }
  refuseTwins(meant, file);
  const all = [file, ...meant.map(({ findings }) => findings)];
  return {
    apps: specs,
    problems: all.flatMap((findings) => findings.problems),
    remarks: all.flatMap((findings) => findings.remarks),
  };
}

/** Each app has findings of its own, so that mistakes in apps that are not meant are not told. */
function candidateOf(raw: Data, index: number, context: ResolveContext): Candidate {
  const hint = nameHint(context.overrides) ?? nameHint(raw);
  const findings = createFindings(context.source);
  const reporter = findings.about({ name: hint, number: index + 1 });
  const app = readApp({ raw, overrides: context.overrides, reporter });
  return { app, name: resolveName(app, context.envName), hint, findings };
}

function select(candidates: readonly Candidate[], { only }: ResolveContext, file: Findings): readonly Candidate[] {
  if (only === null) return candidates;
  const names = candidates.map(({ name, hint }) => name ?? hint).filter((name) => name !== null);
  for (const wanted of only) {
    if (candidates.some((candidate) => isCalled(candidate, wanted))) continue;
    const meant = nearestWord(wanted, names);
    const note = meant === null ? {} : { note: `did you mean "${meant}"?` };
    const known = names.length === 0 ? 'the name of an app' : `one of ${names.slice(0, 50).map(show).join(', ')}`;
    file.about(null).problem({ key: '--only', expected: known, got: show(wanted), ...note });
  }
  return candidates.filter((candidate) => only.some((wanted) => isCalled(candidate, wanted)));
}

function isCalled({ app, name, hint }: Candidate, wanted: string): boolean {
  return wanted === name || wanted === (app.attributes.name ?? hint);
}

/** Commands could not tell two apps of one name apart. */
function refuseTwins(candidates: readonly Candidate[], file: Findings): void {
  const seen = new Map<string, number>();
  for (const [index, { app, name }] of candidates.entries()) {
    if (name === null) continue;
    const key = JSON.stringify([app.attributes.namespace ?? 'default', name]);
    const first = seen.get(key);
    if (first === undefined) seen.set(key, index);
    else {
      const expected = 'names that differ within a namespace';
      const got = `${show(name)} for app #${first + 1} and app #${index + 1}`;
      file.about({ name, number: index + 1 }).problem({ key: 'name', expected, got });
    }
  }
}

function deployEnvOf(deploy: Data, envName: string | null): Data {
  const target = envName === null ? {} : plainValue(deploy, envName);
  const env = 'value' in target && isData(target.value) ? target.value['env'] : undefined;
  return isData(env) ? env : {};
}
