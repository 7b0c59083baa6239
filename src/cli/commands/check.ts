import { problemOf } from '../../api/problem.ts';
import { PromvisorError } from '../../base/errors.ts';
import type { Examination } from '../../config/resolve.ts';
import { defaultConfig, isConfig } from '../app-sources.ts';
import { readInput, resolveContext, sourceName } from '../config-input.ts';
import { type CliContext, type ExitCode, writeJson } from '../context.ts';
import { type CheckedFile, checkText } from '../render/check.ts';

type Options = Readonly<Record<string, unknown>>;

/** What a file that cannot be read, or read as a configuration, is told with. */
const UNREADABLE = new Set(['CONFIG_NOT_FOUND', 'CONFIG_UNREADABLE', 'NOT_SUPPORTED']);

/**
 * `check [FILE...]`: reads config files as `start` does, tells all that is wrong, and starts nothing. No daemon takes
 * part.
 * @param context of the command
 * @param operands config files or `-`; none means that of the folder
 * @param options `--env`, `--only`
 * @returns 0 when `start` would take all of them, 1 otherwise
 * @throws PromvisorError USAGE
 */
export async function checkCommand(
  context: CliContext,
  operands: readonly string[],
  options: Options,
): Promise<ExitCode> {
  const files = operands.length > 0 ? operands : [defaultConfig(context.cwd, 'check')];
  const checked: CheckedFile[] = [];
  for (const file of files) checked.push(await check(context, file, options));
  const ok = checked.every(({ findings }) => findings.every(({ level }) => level !== 'error'));
  if (context.json) writeJson(context, { ok, files: checked });
  else if (!(context.silent && ok))
    context.terminal.out(checked.map((one) => checkText(one, context.terminal.paint)).join(''));
  return ok ? 0 : 1;
}

async function check(context: CliContext, operand: string, options: Options): Promise<CheckedFile> {
  const input = { operand, fromConfig: true, overrides: {}, options };
  const file = sourceName(input);
  try {
    refuseOthers(operand, context.cwd);
    const raw = await readInput(input);
    const [{ examineApps }, { hostRemarks }] = await Promise.all([
      import('../../config/resolve.ts'),
      import('../../config/host-remarks.ts'),
    ]);
    const examined = await examineApps(raw, resolveContext(context, input));
    const remarks = [...examined.remarks, ...hostRemarks(examined.apps, file)];
    return { file, ...viewOf({ ...examined, remarks }) };
  } catch (error) {
    const { code, detail, details } = problemOf(error);
    if (!UNREADABLE.has(code)) throw error;
    const place = { line: numberIn(details, 'line'), column: numberIn(details, 'column') };
    const finding = {
      level: 'error',
      file,
      app: null,
      key: null,
      value: null,
      expected: null,
      message: detail,
    } as const;
    return { file, apps: [], findings: [{ ...finding, ...place }] };
  }
}

/** What `start` would take for a script is no config file. */
function refuseOthers(operand: string, cwd: string): void {
  if (isConfig(operand, cwd)) return;
  throw new PromvisorError(
    'CONFIG_NOT_FOUND',
    `${operand}: expected a config file (*.config.js, .cjs, .mjs, .ts, *.json, *.yml), got no such file`,
  );
}

function viewOf({ apps, problems, remarks }: Examination): Pick<CheckedFile, 'apps' | 'findings'> {
  const errors = problems.map((problem) => ({ level: 'error' as const, ...problem, line: null, column: null }));
  const nothing = { value: null, expected: null, line: null, column: null };
  const rest = remarks.map((remark) => ({ ...remark, ...nothing }));
  const seen = new Set<string>();
  const findings = [...errors, ...rest].filter(({ message }) => !seen.has(message) && seen.add(message));
  return {
    apps:
      errors.length > 0
        ? []
        : apps.map(({ name, namespace, process: { execMode, instances, interpreter, script, cwd } }) => {
            return { name, namespace, execMode, instances, interpreter, script, cwd };
          }),
    findings,
  };
}

function numberIn(details: Readonly<Record<string, unknown>>, key: string): number | null {
  const value = details[key];
  return typeof value === 'number' ? value : null;
}
