import type { Progress } from '../../api/contract.ts';
import type { Paint } from './style.ts';
import { plain } from './text.ts';

export type InstanceProgress = Extract<Progress, { type: 'instance' }>;

/** What a command does to an instance, as said of it afterwards. */
export type Done = 'started' | 'resurrected' | 'stopped' | 'restarted' | 'reloaded' | 'scaled' | 'deleted' | 'reset';

/**
 * One instance that a command is done with.
 * @param progress its outcome
 * @param done the command's word
 * @param paint painter
 * @returns one line without newline; more where a process left last words
 */
export function progressLine(progress: InstanceProgress, done: Done, paint: Paint): string {
  const name = `${plain(progress.app)}:${progress.slot} (id ${progress.id})`;
  const message = progress.message === null ? '' : plain(progress.message);
  if (!progress.ok) {
    const why = `${paint('red', '✗')} ${name} not ${done}: ${message === '' ? progress.status : message}`;
    return [why, ...progress.lastLines.map((line) => paint('dim', `    ${plain(line)}`))].join('\n');
  }
  const pid = progress.pid === null || done === 'stopped' || done === 'deleted' ? '' : `, pid ${progress.pid}`;
  return `${paint('green', '✓')} ${name} ${done}${pid}${message === '' ? '' : `, ${message}`}`;
}

/**
 * Where to look when instances did not do what they were told.
 * @param failures outcomes that were not ok, at least one
 * @param total instances that were told
 * @param done the command's word
 * @returns one line without newline
 */
export function failureSummary(failures: readonly InstanceProgress[], total: number, done: Done): string {
  const names = [...new Set(failures.map(({ app }) => plain(app)))];
  const shown = names.slice(0, 3).map((name) => `promvisor why ${/\s/.test(name) ? `"${name}"` : name}`);
  const more = names.length > shown.length ? ', ...' : '';
  return `${failures.length} of ${total} ${total === 1 ? 'instance' : 'instances'} not ${done}; see ${shown.join(', ')}${more}`;
}
