/** Flags of PM2 that are not here, and what to use instead. */
const INSTEAD: Readonly<Record<string, string>> = {
  '--ext': '--ignore-watch "*.log" leaves files out, --watch src watches a folder',
  '--ftp': 'no folder is listed; its files are served by their names',
  '-w': 'promvisor init writes a config file',
  '--write': 'promvisor init writes a config file',
};

/**
 * Adds to the parser's words what helps.
 * @param message of an error of the parser
 * @returns the message, with what to use instead of a flag of PM2
 */
export function helpfulMessage(message: string): string {
  const [, flag = ''] = /^error: unknown option '(-[^'=]*)/.exec(message) ?? [];
  const instead = Object.hasOwn(INSTEAD, flag) ? `; ${INSTEAD[flag]}` : '';
  return `${message.replace(/^error: /, '')}${instead}`;
}
