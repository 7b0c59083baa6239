import { parseDocument } from 'yaml';
import { PromvisorError } from '../base/errors.ts';

/**
 * Reads YAML 1.2, with `<<` merge keys.
 * @param text the whole file, one document
 * @param source its name, for errors
 * @returns the data
 * @throws PromvisorError CONFIG_UNREADABLE with line and column where they are known
 */
export function parseYaml(text: string, source: string): unknown {
  const document = parseDocument(text, { merge: true, prettyErrors: true, logLevel: 'silent' });
  const [first] = document.errors;
  if (first !== undefined) {
    const place = first.linePos?.[0];
    const at = place === undefined ? '' : `:${place.line}:${place.col}`;
    // The first line says it; the rest is a drawing of the place.
    const message = first.message.split('\n', 1)[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? '';
    throw unreadable(`${source}${at}: ${message}`, source, place);
  }
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw unreadable(`${source}: ${error instanceof Error ? error.message : String(error)}`, source, undefined);
  }
}

function unreadable(message: string, file: string, place: { line: number; col: number } | undefined): PromvisorError {
  const details = place === undefined ? { file } : { file, line: place.line, column: place.col };
  return new PromvisorError('CONFIG_UNREADABLE', message, { details });
}
