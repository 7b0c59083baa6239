import type { JournalRecord } from '../../api/journal.ts';
import { exitFacts } from './exit-words.ts';
import type { Paint, Style } from './style.ts';
import { plain } from './text.ts';
import { dateTime, span } from './units.ts';

/**
 * A record of the journal as people read it.
 * @param record the record
 * @param paint painter
 * @returns one line without newline, null for what only repeats
 */
export function eventLine(record: JournalRecord, paint: Paint): string | null {
  const told = textOf(record);
  if (told === null) return null;
  const name = 'id' in record ? `${plain(record.app)}:${record.slot} (id ${record.id})` : 'daemon';
  return `${paint('dim', dateTime(record.atMs))} ${paint('bold', name)} ${paint(told.style ?? null, told.text)}`;
}

interface Told {
  readonly text: string;
  readonly style?: Style;
}

function textOf(record: JournalRecord): Told | null {
  switch (record.type) {
    case 'daemon':
      return { text: `${record.event} (pid ${record.pid}, version ${plain(record.version)})` };
    case 'state':
      return record.cause === 'added' ? { text: 'added' } : null;
    case 'removed':
      return { text: 'deleted' };
    case 'dropped':
      return { text: `${record.count} events could not be written`, style: 'red' };
    case 'transition':
      return transitionOf(record);
    default:
      return record satisfies never;
  }
}

function transitionOf(record: Extract<JournalRecord, { type: 'transition' }>): Told {
  const { from, to, beside, generation, event, cause, exit, delayMs } = record;
  const notes = [
    ...(exit === null ? [] : [`${exitFacts(exit)} after ${span(exit.uptimeMs)}`]),
    ...(exit === null ? [cause ?? event.replaceAll('_', ' ')] : []),
    ...(delayMs === null ? [] : [`again in ${span(delayMs)}`]),
  ].join(', ');
  if (beside) return { text: `process ${generation} beside: ${notes}` };
  const text = from === to ? `process ${generation} takes over: ${notes}` : `${from} → ${to}: ${notes}`;
  if (to === 'fatal') return { text, style: 'red' };
  return exit !== null && cause === null ? { text, style: 'yellow' } : { text };
}
