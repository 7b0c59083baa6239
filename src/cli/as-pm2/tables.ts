import type { Row } from './row.ts';

const MS_PER_SECOND = 1000;
/** PM2's steps; a unit is used from two of it on. */
const UNITS: readonly (readonly [seconds: number, letter: string])[] = [
  [365 * 86_400, 'Y'],
  [30 * 86_400, 'M'],
  [86_400, 'D'],
  [3_600, 'h'],
  [60, 'm'],
];
const COLUMNS = [
  ...['id', 'name', 'namespace', 'version', 'mode', 'pid', 'uptime', '↺', 'status', 'cpu', 'mem', 'user', 'watching'],
] as const;
type Column = (typeof COLUMNS)[number];
/** PM2 lays its columns out for contents of these widths at least. */
const LEAST: Readonly<Record<Column, number>> = {
  id: 2,
  name: 9,
  namespace: 11,
  version: 7,
  mode: 7,
  pid: 8,
  uptime: 6,
  '↺': 4,
  status: 9,
  cpu: 8,
  mem: 8,
  user: 8,
  watching: 8,
};
/** What a narrow terminal has room for. */
const NARROW: readonly Column[] = ['id', 'name', 'mode', '↺', 'status', 'cpu', 'mem'];
const NARROWEST: readonly Column[] = ['id', 'name', 'status', 'cpu', 'mem'];

/**
 * Says for how long something runs, in PM2's way.
 * @param ms that it runs
 */
export function uptimeText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / MS_PER_SECOND));
  const [size, letter] = UNITS.find(([unit]) => seconds >= 2 * unit) ?? [1, 's'];
  return `${Math.floor(seconds / size)}${letter}`;
}

/**
 * Says how much memory something takes, in PM2's way.
 * @param bytes that it takes
 */
export function memoryText(bytes: number): string {
  const names = ['b', 'kb', 'mb', 'gb', 'tb'];
  let value = bytes;
  let at = 0;
  while (value >= 1024 && at < names.length - 1) {
    value /= 1024;
    at++;
  }
  return `${Math.round(value * 10) / 10}${names[at]}`;
}

export interface TableOptions {
  readonly nowMs: number;
  /** Columns of the terminal, null where there is none: then everything is shown. */
  readonly width: number | null;
  /** `--sort field[:desc]`, null for the name. */
  readonly sort: string | null;
}

/**
 * The list as PM2 draws it.
 * @param rows of jlist
 * @param options moment, width and order
 * @returns lines, each with its newline
 */
export function listTable(rows: readonly Row[], { nowMs, width, sort }: TableOptions): string {
  const cells = sorted(rows, sort).map((row) => cellsOf(row, nowMs));
  const sizes = (columns: readonly Column[]) =>
    columns.map((column) => Math.max(LEAST[column], ...cells.map((cell) => cell[column].length)));
  const fits = (columns: readonly Column[]) =>
    width === null || sizes(columns).reduce((sum, size) => sum + size + 3, 1) <= width;
  const columns = [COLUMNS, NARROW].find(fits) ?? NARROWEST;
  return boxed(
    cells.map((cell) => columns.map((column) => cell[column])),
    sizes(columns),
    columns,
  );
}

function cellsOf({ pid, name, pm_id, monit, pm2_env: env }: Row, nowMs: number): Record<Column, string> {
  const isUp = env.status === 'online';
  return {
    id: String(pm_id),
    name,
    namespace: env.namespace,
    version: env.version,
    mode: env.exec_mode.replace(/_mode$/, ''),
    pid: String(pid),
    uptime: isUp ? uptimeText(nowMs - env.pm_uptime) : '0',
    '↺': String(env.restart_time),
    status: env.status,
    cpu: `${monit.cpu}%`,
    mem: memoryText(monit.memory),
    user: env.username,
    watching: env['watch'] === false ? 'disabled' : 'enabled',
  };
}

function sorted(rows: readonly Row[], sort: string | null): readonly Row[] {
  const [field = 'name', order] = (sort ?? 'name').split(':');
  const read = SORT_FIELDS[field] ?? ((row: Row) => row.name);
  const less = (a: string | number, b: string | number) => {
    if (a === b) return 0;
    return a < b ? -1 : 1;
  };
  const up = [...rows].sort((a, b) => less(read(a), read(b)) || a.pm_id - b.pm_id);
  return order === 'desc' ? up.reverse() : up;
}

const SORT_FIELDS: Readonly<Record<string, (row: Row) => string | number>> = {
  name: ({ name }) => name,
  id: ({ pm_id }) => pm_id,
  pid: ({ pid }) => pid,
  memory: ({ monit }) => monit.memory,
  cpu: ({ monit }) => monit.cpu,
  status: ({ pm2_env }) => pm2_env.status,
  uptime: ({ pm2_env }) => pm2_env.pm_uptime,
};

/**
 * A box of cells, as PM2 draws it.
 * @param rows cells
 * @param sizes width of each column
 * @param head names of the columns; none for a box of pairs
 * @returns lines, each with its newline
 */
export function boxed(
  rows: readonly (readonly string[])[],
  sizes: readonly number[],
  head?: readonly string[],
): string {
  const rule = (left: string, middle: string, right: string) =>
    `${left}${sizes.map((size) => '─'.repeat(size + 2)).join(middle)}${right}\n`;
  const line = (cells: readonly string[]) =>
    `│ ${cells.map((cell, at) => cell.padEnd(sizes[at] ?? 0)).join(' │ ')} │\n`;
  const top = head === undefined ? '' : line(head);
  const between = head === undefined || rows.length === 0 ? '' : rule('├', '┼', '┤');
  return `${rule('┌', '┬', '┐')}${top}${between}${rows.map(line).join('')}${rule('└', '┴', '┘')}`;
}

/**
 * The list as `key : value` blocks, for `list -m`.
 * @param rows of jlist
 * @param nowMs the moment
 */
export function miniList(rows: readonly Row[], nowMs: number): string {
  return rows
    .map((row) => {
      const cells = cellsOf(row, nowMs);
      return [
        `+--- ${row.name}`,
        `namespace : ${cells.namespace}`,
        `version : ${cells.version}`,
        `pid : ${cells.pid}`,
        `pm2 id : ${cells.id}`,
        `status : ${cells.status}`,
        `mode : ${cells.mode}`,
        `restarted : ${cells['↺']}`,
        `uptime : ${cells.uptime}`,
        `memory usage : ${cells.mem} `,
        `error log : ${row.pm2_env.pm_err_log_path}`,
        `watching : ${cells.watching === 'enabled' ? 'yes' : 'no'}`,
        `PID file : ${row.pm2_env.pm_pid_path}`,
        '',
        '',
      ].join('\n');
    })
    .join('');
}
