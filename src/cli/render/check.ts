import type { Paint, Style } from './style.ts';
import { plain } from './text.ts';

/** One thing that `check` has to say, also its JSON. */
export interface CheckFinding {
  readonly level: 'error' | 'warning' | 'note';
  readonly file: string;
  readonly app: string | null;
  readonly key: string | null;
  /** As a message shows it: shortened, nothing that may be secret. */
  readonly value: string | null;
  readonly expected: string | null;
  /** Of what cannot be read at all. */
  readonly line: number | null;
  readonly column: number | null;
  readonly message: string;
}

export interface CheckedApp {
  readonly name: string;
  readonly namespace: string;
  readonly execMode: string;
  readonly instances: number;
  readonly interpreter: string;
  readonly script: string;
  readonly cwd: string;
}

export interface CheckedFile {
  readonly file: string;
  /** What it would start; none where there is an error. */
  readonly apps: readonly CheckedApp[];
  readonly findings: readonly CheckFinding[];
}

const MARKS: Readonly<Record<CheckFinding['level'], readonly [string, Style]>> = {
  error: ['✗', 'red'],
  warning: ['!', 'yellow'],
  note: ['·', 'dim'],
};

/**
 * What was found in a config file, for people.
 * @param checked the file
 * @param paint painter
 * @returns lines, each with its newline
 */
export function checkText({ file, apps, findings }: CheckedFile, paint: Paint): string {
  const errors = countOf(findings, 'error');
  const warnings = countOf(findings, 'warning');
  const counts = [
    errors > 0 ? counted(errors, 'error') : counted(apps.length, 'app'),
    ...(warnings > 0 ? [counted(warnings, 'warning')] : []),
  ];
  const mark = errors > 0 ? paint('red', '✗') : paint('green', '✓');
  const lines = [
    `${mark} ${paint('bold', plain(file))}: ${counts.join(', ')}`,
    ...apps.map((app) => `  ${appLine(app)}`),
    ...findings.map(({ level, message }) => {
      const [sign, style] = MARKS[level];
      return `  ${paint(style, sign)} ${plain(message)}`;
    }),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function appLine({ name, namespace, execMode, instances, interpreter, script }: CheckedApp): string {
  const where = namespace === 'default' ? '' : ` (${namespace})`;
  const count = instances === 1 ? '' : ` x ${instances}`;
  return plain(`${name}${where}: ${execMode}${count}, ${interpreter === 'none' ? '' : `${interpreter} `}${script}`);
}

function countOf(findings: readonly CheckFinding[], level: CheckFinding['level']): number {
  return findings.filter((finding) => finding.level === level).length;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
