/**
 * Splits a line into words as a shell does: blanks part words, quotes keep blanks, a backslash takes the next
 * character as it is.
 * @param line for example `a b "c d"`
 * @returns the words, or null when a quote is not closed
 */
export function splitWords(line: string): string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (let at = 0; at < line.length; at++) {
    const character = line.charAt(at);
    if (character === quote) {
      quote = null;
    } else if (character === '\\' && escapes(quote, line.charAt(at + 1))) {
      word = (word ?? '') + line.charAt(++at);
    } else if (quote !== null) {
      word += character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (/\s/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else {
      word = (word ?? '') + character;
    }
  }
  if (quote !== null) return null;
  if (word !== null) words.push(word);
  return words;
}

/** Within double quotes only what would end them is escaped, within single quotes nothing: sh(1), Quoting. */
function escapes(quote: string | null, next: string): boolean {
  if (next === '' || quote === "'") return false;
  return quote === null || '"\\$`'.includes(next);
}
