import { PromvisorError } from '../base/errors.ts';

/** Lines of a message; a file with more mistakes has one cause. */
const MOST_PROBLEMS = 100;

/** One mistake in a configuration, as data for `details` and as a sentence. */
export interface ConfigProblem {
  readonly file: string;
  readonly app: string | null;
  readonly key: string;
  /** The value as text, shortened, secrets left out. */
  readonly value: string;
  readonly expected: string;
  readonly message: string;
}

export interface Complaint {
  readonly key: string;
  /** The value as `show` says it. */
  readonly got: string;
  readonly expected: string;
  /** What else helps. */
  readonly note?: string;
}

/** What is no mistake and may not be what was meant (`warning`), or has no effect here (`note`). */
export interface ConfigRemark {
  readonly level: 'warning' | 'note';
  readonly file: string;
  readonly app: string | null;
  readonly key: string | null;
  readonly message: string;
}

export interface Remark {
  readonly key: string | null;
  readonly text: string;
}

/** Takes what is found about one app, or about the file as a whole. */
export interface Reporter {
  problem(complaint: Complaint, source?: string): void;
  warn(remark: Remark, source?: string): void;
  /** For `check` only: every start would say it again. */
  note(remark: Remark, source?: string): void;
}

export interface Findings {
  readonly problems: readonly ConfigProblem[];
  readonly remarks: readonly ConfigRemark[];
  /** A reporter that names the place: the file, and the app by name or by its number. */
  about(app: { readonly name: string | null; readonly number: number } | null): Reporter;
}

/**
 * Collects all mistakes, so that they are told at once.
 * @param source what is read, for example `ecosystem.config.cjs`
 * @returns the empty collection
 */
export function createFindings(source: string): Findings {
  const problems: ConfigProblem[] = [];
  const remarks: ConfigRemark[] = [];
  return {
    problems,
    remarks,
    about(app) {
      const remark = (level: ConfigRemark['level'], { key, text }: Remark, from: string) => {
        const message = oneLine(`${text} (${from}${label})`);
        remarks.push({ level, file: from, app: app?.name ?? null, key, message });
      };
      const label = app === null ? '' : `, app ${app.name === null ? `#${app.number}` : `"${app.name}"`}`;
      return {
        problem({ key, got, expected, note }, from = source) {
          const more = note === undefined ? '' : `; ${note}`;
          const message = oneLine(`${key}: expected ${expected}, got ${got}${more} (${from}${label})`);
          problems.push({ file: from, app: app?.name ?? null, key, value: got, expected, message });
        },
        warn: (given, from = source) => remark('warning', given, from),
        note: (given, from = source) => remark('note', given, from),
      };
    },
  };
}

/** Names and keys of a file may hold line ends and terminal codes: they are told, not obeyed. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/**
 * Makes the error that tells all mistakes, one a line.
 * @param problems at least one
 * @returns CONFIG_INVALID with `details.problems`
 */
export function configInvalid(problems: readonly ConfigProblem[]): PromvisorError {
  const told = problems.slice(0, MOST_PROBLEMS);
  const lines = told.map(({ message }) => message);
  if (problems.length > told.length) lines.push(`and ${problems.length - told.length} more`);
  return new PromvisorError('CONFIG_INVALID', lines.join('\n'), { details: { problems: told } });
}
