import type { ToHost } from '../base/host-protocol.ts';

export type ForkRequest = Extract<ToHost, { type: 'fork' }>;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads what the daemon sent.
 * @param value parsed JSON of one line
 * @returns the request, null for a type that this host does not know, or `nonsense`
 */
export function readRequest(value: unknown): ToHost | null | 'nonsense' {
  if (!isFields(value) || typeof value['type'] !== 'string') return 'nonsense';
  switch (value['type']) {
    case 'fork':
      return isFork(value) ? (value as unknown as ForkRequest) : 'nonsense';
    case 'send':
      return isKey(value) && value['message'] !== undefined ? (value as unknown as ToHost) : 'nonsense';
    case 'listen':
      return typeof value['on'] === 'boolean' ? { type: 'listen', on: value['on'] } : 'nonsense';
    case 'ack':
      return isCount(value['seq']) ? { type: 'ack', seq: value['seq'] } : 'nonsense';
    case 'end':
      return { type: 'end' };
    default:
      return null;
  }
}

function isFork(value: Fields): boolean {
  return (
    isKey(value) &&
    [value['script'], value['cwd'], value['stdout'], value['stderr']].every(isText) &&
    isTexts(value['args']) &&
    isTexts(value['execArgv']) &&
    isFields(value['env']) &&
    Object.values(value['env']).every(isText) &&
    (value['uid'] === null || isCount(value['uid'])) &&
    (value['gid'] === null || isCount(value['gid']))
  );
}

function isKey(value: Fields): boolean {
  return isCount(value['id']) && isCount(value['generation']);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every(isText);
}
