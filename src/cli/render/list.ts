import type { HttpView, InstanceView } from '../../api/contract.ts';
import { exitFacts } from './exit-words.ts';
import type { Paint, Style } from './style.ts';
import { type Cell, type Column, drawTable } from './table.ts';
import { cut, plain } from './text.ts';
import { age, percent, size, span } from './units.ts';

export interface ListOptions {
  readonly instances: readonly InstanceView[];
  /** Of the daemon, null when unknown. */
  readonly version: string | null;
  /** State of the HTTP listener, null when unknown. */
  readonly http: HttpView | null;
  readonly nowMs: number;
  readonly width: number;
  readonly paint: Paint;
  /** By name, then id, when left out. */
  readonly order?: ListOrder;
}

export type ListOrder = (a: InstanceView, b: InstanceView) => number;

/** Longer lists of troubled apps are cut: `why` has the rest. */
const NOTES_MAX = 10;

/**
 * The table of `promvisor list`, with a line below it for each thing that needs a look.
 * @param options instances, listener, time, width of the terminal and painter
 * @returns text that ends with a newline, no line wider than the width
 */
export function renderList(options: ListOptions): string {
  const { instances, nowMs, width, paint } = options;
  const rows = [...instances].sort(options.order ?? byName);
  const lines = drawTable({ columns: columnsOf(nowMs), rows, width, paint });
  const notes = [...troubles(rows, nowMs), ...hostNotes(rows, options.version), ...httpNote(options.http)];
  for (const note of notes) lines.push(paint(note.style, cut(note.text, width)));
  return `${lines.join('\n')}\n`;
}

/** The order of the table when nobody asks for another. */
export function byName(a: InstanceView, b: InstanceView): number {
  if (a.app !== b.app) return a.app < b.app ? -1 : 1;
  return a.id - b.id;
}

const STATUS_STYLES: Readonly<Record<InstanceView['status'], Style | null>> = {
  stopped: 'dim',
  starting: 'cyan',
  running: 'green',
  backoff: 'yellow',
  stopping: 'yellow',
  exited: 'dim',
  fatal: 'red',
};

/**
 * A status in PM2's word and a fitting colour.
 * @param view status of an instance
 * @returns the cell
 */
export function statusCell({ status, pm2Status }: Pick<InstanceView, 'status' | 'pm2Status'>): Cell {
  return { text: plain(pm2Status), style: STATUS_STYLES[status] ?? null };
}

function columnsOf(nowMs: number): Column<InstanceView>[] {
  return [
    { title: 'id', rank: 0, align: 'right', cell: ({ id }) => ({ text: String(id), style: 'cyan' }) },
    { title: 'name', rank: 0, least: 14, cell: ({ app }) => ({ text: plain(app), style: 'bold' }) },
    { title: 'namespace', rank: 9, least: 9, cell: ({ namespace }) => ({ text: plain(namespace) }) },
    { title: 'version', rank: 8, least: 7, cell: ({ version }) => ({ text: plain(version) }) },
    { title: 'mode', rank: 6, cell: ({ execMode }) => ({ text: execMode }) },
    { title: 'pid', rank: 5, align: 'right', cell: ({ pid }) => ({ text: pid === null ? '-' : String(pid) }) },
    { title: 'uptime', rank: 2, align: 'right', cell: (view) => ({ text: uptimeOf(view, nowMs) }) },
    { title: '↺', rank: 1, align: 'right', cell: restartsCell },
    { title: 'status', rank: 0, cell: statusCell },
    {
      title: 'cpu',
      rank: 3,
      align: 'right',
      cell: ({ cpuRatio }) => ({ text: cpuRatio === null ? '-' : percent(cpuRatio) }),
    },
    { title: 'mem', rank: 4, align: 'right', cell: memoryCell },
    { title: 'user', rank: 7, least: 8, cell: ({ user }) => ({ text: plain(user) }) },
    { title: 'watching', rank: 10, cell: ({ watching }) => ({ text: watching ? 'yes' : 'no' }) },
  ];
}

function uptimeOf({ startedAtMs, pid }: InstanceView, nowMs: number): string {
  return startedAtMs === null || pid === null ? '-' : age(nowMs - startedAtMs);
}

function restartsCell({ restarts, streak }: InstanceView): Cell {
  return { text: String(restarts), style: streak > 0 ? 'yellow' : null };
}

/** From this share of its limit on, the memory of an instance stands out. */
const NEAR_LIMIT = 0.9;

function memoryCell({ rssBytes, memoryLimitBytes }: InstanceView): Cell {
  if (rssBytes === null) return { text: '-' };
  const near = memoryLimitBytes !== null && rssBytes >= NEAR_LIMIT * memoryLimitBytes;
  return { text: size(rssBytes), style: near ? 'yellow' : null };
}

interface Note {
  readonly text: string;
  readonly style: Style;
}

/** One line per app that crashes or was given up, whatever its number of instances. */
function troubles(rows: readonly InstanceView[], nowMs: number): Note[] {
  const notes = new Map<string, Note & { count: number }>();
  for (const view of rows) {
    const said = trouble(view, nowMs);
    if (said === null) continue;
    const key = `${view.namespace}\n${view.app}`;
    const known = notes.get(key);
    notes.set(key, { text: known?.text ?? said.text, style: said.style, count: (known?.count ?? 0) + 1 });
  }
  const all = [...notes.values()].map(({ text, style, count }) => {
    return { style, text: count > 1 ? `${text} (and ${count - 1} more)` : text };
  });
  if (all.length <= NOTES_MAX) return all;
  return [...all.slice(0, NOTES_MAX), { style: 'yellow', text: `and ${all.length - NOTES_MAX} more apps in trouble` }];
}

function trouble(view: InstanceView, nowMs: number): Note | null {
  const name = plain(view.app);
  const why = `see promvisor why ${/\s/.test(name) ? `"${name}"` : name}`;
  if (view.status === 'fatal') {
    const reason = view.lastExit === null ? '' : `: ${exitFacts(view.lastExit)}`;
    return { style: 'red', text: `${name}: given up${reason}; ${why}` };
  }
  if (view.backoff === null) return null;
  const next = span(Math.max(0, view.backoff.untilMs - nowMs));
  return { style: 'yellow', text: `${name}: restarting every ${span(view.backoff.delayMs)}, next in ${next}; ${why}` };
}

/** One line for each app whose host is of another version than the daemon. */
function hostNotes(rows: readonly InstanceView[], version: string | null): Note[] {
  if (version === null) return [];
  const notes = new Map<string, Note>();
  for (const { app, namespace, hostVersion } of rows) {
    if (hostVersion === null || hostVersion === version) continue;
    const text = `${plain(app)}: its cluster host is of promvisor ${plain(hostVersion)} until the app is restarted`;
    notes.set(`${namespace}\n${app}`, { style: 'dim', text });
  }
  return [...notes.values()].slice(0, NOTES_MAX);
}

function httpNote(http: HttpView | null): Note[] {
  if (http === null || http.error === null) return [];
  return [{ style: 'yellow', text: `metrics: ${http.listen} could not be opened: ${plain(http.error)}; trying again` }];
}
