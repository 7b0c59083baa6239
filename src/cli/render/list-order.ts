import type { InstanceView } from '../../api/contract.ts';
import { PromvisorError } from '../../base/errors.ts';
import { byName, type ListOrder } from './list.ts';

type Field = (view: InstanceView) => string | number;

/** What `--sort` takes, with PM2's words beside those of the table. */
const FIELDS: Readonly<Record<string, Field>> = {
  name: ({ app }) => app,
  id: ({ id }) => id,
  pm_id: ({ id }) => id,
  namespace: ({ namespace }) => namespace,
  version: ({ version }) => version,
  mode: ({ execMode }) => execMode,
  pid: ({ pid }) => pid ?? 0,
  uptime: ({ startedAtMs, pid }) => (startedAtMs === null || pid === null ? 0 : -startedAtMs),
  restarts: ({ restarts }) => restarts,
  status: ({ pm2Status }) => pm2Status,
  cpu: ({ cpuRatio }) => cpuRatio ?? 0,
  mem: ({ rssBytes }) => rssBytes ?? 0,
  memory: ({ rssBytes }) => rssBytes ?? 0,
  user: ({ user }) => user,
};

/**
 * Reads the order that a table is to have.
 * @param text a field, or `field:asc`, `field:desc`
 * @returns compares two rows; equal ones stay in the order of their names
 * @throws PromvisorError USAGE for a field or a direction that there is not
 */
export function parseListOrder(text: string): ListOrder {
  const [name = '', direction = 'asc', ...more] = text.split(':');
  const field = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
  if (field === undefined || more.length > 0 || (direction !== 'asc' && direction !== 'desc')) {
    const fields = Object.keys(FIELDS).join(', ');
    throw new PromvisorError('USAGE', `--sort: expected one of ${fields}, with :desc for the reverse, got "${text}"`);
  }
  const sign = direction === 'desc' ? -1 : 1;
  return (a, b) => sign * compare(field(a), field(b)) || byName(a, b);
}

function compare(a: string | number, b: string | number): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
