import type { ExitHint } from './exit.ts';

/** V8 aborts with this line when its heap is full: node/src/node_errors.cc, OOMErrorHandler. */
const HEAP_OOM = /FATAL ERROR: .*(heap out of memory|Allocation failed|invalid table size)/i;
/** The last line of Node's report of an uncaught error: node/src/node_errors.cc, TriggerUncaughtException. */
const NODE_UNCAUGHT = /\nNode\.js v\d+\.\d+\.\d+[^\n]*\s*$/;
const PYTHON_UNCAUGHT = /(^|\n)Traceback \(most recent call last\):\n/;
const SHELL_ABORT_CODE = 128 + 6;

/**
 * Reads from the last output of a process why it died.
 * @param tail the last text of its stderr
 * @param exit code and signal as the kernel gave them
 * @returns a hint, or null when the text says nothing
 */
export function hintFrom(
  tail: string,
  exit: { readonly code: number | null; readonly signal: string | null },
): ExitHint {
  const aborted = exit.signal === 'SIGABRT' || exit.signal === 'SIGTRAP' || exit.code === SHELL_ABORT_CODE;
  if (aborted && HEAP_OOM.test(tail)) return 'heap_oom';
  if (exit.code === 1 && (NODE_UNCAUGHT.test(tail) || PYTHON_UNCAUGHT.test(tail))) return 'uncaught';
  return null;
}

/** How reports of an error begin: `Error: x`, `TypeError [CODE]: x`, `Uncaught …`, Python's `ValueError: x`. */
const HEADLINE = /^(?:Uncaught\s+)?(?:\w+\.)*\w*(?:Error|Exception)\b(?:\s*\[\w+\])?:|^FATAL ERROR:/;
/** Node's last line of a report, and nothing: they say nothing about the death. */
const SAYS_NOTHING = /^\s*$|^Node\.js v\d/;

/**
 * Picks the lines that tell most about a death: the last ones, and before them the headline of the error.
 * @param lines the last lines of a process, oldest first
 * @param most how many are wanted
 * @returns at most so many of them, in their order
 */
export function tellingLines(lines: readonly string[], most: number): string[] {
  const end = lines.findLastIndex((line) => !SAYS_NOTHING.test(line)) + 1;
  const said = lines.slice(0, end);
  const headline = said.findLastIndex((line) => HEADLINE.test(line));
  if (headline === -1 || headline >= said.length - most) return said.slice(-most);
  return said.slice(headline, headline + most);
}
