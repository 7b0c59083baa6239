/** What secrets are called, in names of variables, flags, keys of JSON and of queries. */
const SECRET = 'KEY|TOKEN|SECRET|PASS|PWD|CRED|AUTH|PRIVATE|SALT|SIGNATURE|COOKIE|SESSION|DSN';
const SECRET_NAME = new RegExp(SECRET, 'i');
/** `PWD` alone is the working directory. */
const OPEN_NAMES = new Set(['PWD', 'OLDPWD']);
const MASK = '***';

const SECRET_FLAG = new RegExp(`^--?[\\w.-]*(?:${SECRET})[\\w.-]*$`, 'i');
const IN_TEXT: readonly (readonly [RegExp, string])[] = [
  // https://user:password@host and https://token@host
  [/\b([a-z][a-z0-9+.-]*:\/\/[^\s/@:]*):[^\s/@]*@/gi, `$1:${MASK}@`],
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@:]+@/gi, `$1${MASK}@`],
  // ?api_key=…, --password=…, PASSWORD=… in a shell line
  [new RegExp(`([\\w.-]*(?:${SECRET})[\\w.-]*=)[^\\s&#]+`, 'gi'), `$1${MASK}`],
  // --password … in a shell line
  [new RegExp(`(--?[\\w.-]*(?:${SECRET})[\\w.-]*\\s+)[^\\s-]\\S*`, 'gi'), `$1${MASK}`],
  // {"password": "…"}
  [new RegExp(`("[^"]*(?:${SECRET})[^"]*"\\s*:\\s*)(?:"(?:[^"\\\\]|\\\\.)*"|[^\\s,}\\]]+)`, 'gi'), `$1${MASK}`],
];

/**
 * Takes what may be secret out of a variable.
 * @param name of the variable
 * @param value its value
 * @returns `***` for one that is called like a secret, else the value without passwords in URLs and the like
 */
export function maskVariable(name: string, value: string): string {
  return SECRET_NAME.test(name) && !OPEN_NAMES.has(name) ? MASK : maskText(value);
}

/**
 * Takes what may be secret out of any text.
 * @param text for example a URL or a shell line
 * @returns the text with `***` in its place
 */
export function maskText(text: string): string {
  return IN_TEXT.reduce((masked, [pattern, mask]) => masked.replace(pattern, mask), text);
}

/**
 * Takes what may be secret out of a command line.
 * @param words arguments
 * @returns as many words; what follows a flag such as `--token` is masked
 */
export function maskWords(words: readonly string[]): readonly string[] {
  return words.map((word, at) =>
    SECRET_FLAG.test(words[at - 1] ?? '') && !word.startsWith('-') ? MASK : maskText(word),
  );
}
