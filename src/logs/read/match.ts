/** What is looked for in lines. */
export interface Match {
  /** @param line without newline, as it is in the file */
  inBytes(line: Buffer): boolean;
  /** @param line without newline */
  inText(line: string): boolean;
}

export interface MatchError {
  /** What is wrong with the pattern, in words for people. */
  readonly error: string;
}

/** Other letters after the last slash: then it is a path, such as /usr/bin. */
const PATTERN_TEXT = /^\/(.+)\/([dgimsuvy]*)$/s;

/**
 * Reads a pattern.
 * @param pattern `/regex/flags` in JavaScript's syntax, or a text that stands for itself
 * @returns the match, or what is wrong with the pattern
 */
export function parseMatch(pattern: string): Match | MatchError {
  if (pattern === '') return { error: 'expected a text or /regex/, got ""' };
  const [, source, flags] = PATTERN_TEXT.exec(pattern) ?? [];
  if (source === undefined || flags === undefined) return textMatch(pattern);
  try {
    // g and y would begin each line where the last one ended.
    const regex = new RegExp(source, flags.replaceAll(/[gy]/g, ''));
    return { inBytes: (line) => regex.test(line.toString('utf8')), inText: (line) => regex.test(line) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { error: `expected a text or /regex/, got "${pattern}": ${why}` };
  }
}

function textMatch(text: string): Match {
  const bytes = Buffer.from(text);
  return { inBytes: (line) => line.includes(bytes), inText: (line) => line.includes(text) };
}
