/** A line of a script with what was printed, as in the golden. */
export interface Answer {
  readonly command: string;
  readonly lines: readonly string[];
}

/** A line of a script to which promvisor answers other than PM2, on purpose. */
export interface Difference {
  readonly command: string;
  /** Lines that only PM2 prints, in their order; `!` is stderr, `=` the exit code. */
  readonly pm2: readonly string[];
  readonly ours: readonly string[];
  readonly why: string;
}

/** Lines that only one of both ever prints, whatever the command. */
export interface OneSided {
  readonly line: RegExp;
  readonly by: 'pm2' | 'ours';
  readonly why: string;
}

/**
 * Reads a transcript.
 * @param text as `transcriptOf` writes it
 */
export function answersOf(text: string): Answer[] {
  const blocks = text.split(/^\$ /m).slice(1);
  return blocks.map((block) => {
    const [command = '', ...lines] = block.replace(/\n+$/, '').split('\n');
    return { command, lines };
  });
}

/**
 * Leaves out what one side alone prints.
 * @param answers of one side
 * @param by which side
 * @param rules lines of that kind
 */
export function withoutOneSided(answers: readonly Answer[], by: OneSided['by'], rules: readonly OneSided[]): Answer[] {
  const own = rules.filter((rule) => rule.by === by);
  return answers.map(({ command, lines }) => {
    return { command, lines: lines.filter((line) => !own.some((rule) => rule.line.test(line))) };
  });
}

/**
 * Says where two transcripts of the same script differ, line by line.
 * @param pm2 the golden
 * @param ours what promvisor said
 * @returns a difference for each line of the script that has one, without a reason
 */
export function differencesOf(pm2: readonly Answer[], ours: readonly Answer[]): Omit<Difference, 'why'>[] {
  return pm2.flatMap(({ command, lines }, at) => {
    const other = ours[at];
    if (other?.command !== command) throw new Error(`${command}: expected an answer, got one to "${other?.command}"`);
    const kept = commonLines(lines, other.lines);
    const left = { command, pm2: without(lines, kept), ours: without(other.lines, kept) };
    return left.pm2.length + left.ours.length === 0 ? [] : [left];
  });
}
/** The longest run of lines that both have in the same order. */
function commonLines(a: readonly string[], b: readonly string[]): string[] {
  const lengths = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  const at = (i: number, j: number) => lengths[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    const line = lengths[i];
    for (let j = b.length - 1; j >= 0 && line !== undefined; j--) {
      line[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const kept: string[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) {
      kept.push(a[i] ?? '');
      i++;
      j++;
    } else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  }
  return kept;
}

function without(lines: readonly string[], kept: readonly string[]): string[] {
  let next = 0;
  return lines.filter((line) => {
    if (line !== kept[next]) return true;
    next++;
    return false;
  });
}
