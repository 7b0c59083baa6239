/**
 * Quotes a word for sh(1).
 * @param word any text
 * @returns the word as it is where nothing in it is special, else in single quotes
 */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
