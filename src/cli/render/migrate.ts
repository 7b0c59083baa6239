import type { Moved } from '../pm2/move.ts';
import type { PlannedApp } from '../pm2/plan.ts';
import type { Paint } from './style.ts';
import { plain } from './text.ts';

/**
 * What becomes of an app of PM2, for people.
 * @param app of the plan
 * @param paint painter
 * @returns lines, each with its newline
 */
export function planText({ name, namespace, spec, instances, notes }: PlannedApp, paint: Paint): string {
  const up = instances.filter(({ wanted }) => wanted).length;
  const where = namespace === 'default' ? '' : `, namespace ${plain(namespace)}`;
  const ids = instances.flatMap(({ pmId }) => pmId ?? []).join(', ');
  const head = `${paint('bold', plain(name))}${where}: ${up} of ${instances.length} up${ids === '' ? '' : ` (PM2 id ${ids})`}`;
  if (spec === null) {
    return `${[head, ...notes.map((note) => `  ${paint('yellow', `stays: ${plain(note)}`)}`)].join('\n')}\n`;
  }
  const { process, logs } = spec;
  const port = process.env['PORT'];
  const lines = [
    `becomes ${process.execMode}, ${[process.interpreter === 'none' ? [] : process.interpreter, process.script, ...process.args].flat().join(' ')}`,
    `in ${process.cwd}, ${Object.keys(process.env).length} variables${port === undefined ? '' : `, PORT ${port}`}`,
    `logs ${logs.outFile ?? 'none'}, ${logs.errorFile ?? 'none'}${logs.merge ? '' : ' (with the id)'}`,
  ].map((line) => `  ${plain(line)}`);
  return `${[head, ...lines, ...notes.map((note) => `  ${paint('yellow', plain(note))}`)].join('\n')}\n`;
}

/**
 * What became of an app, for people.
 * @param moved outcome
 * @param paint painter
 * @returns one line without newline
 */
export function movedLine({ name, ok, text }: Moved, paint: Paint): string {
  return `${ok ? paint('green', '✓') : paint('red', '✗')} ${plain(name)} ${plain(text)}`;
}
