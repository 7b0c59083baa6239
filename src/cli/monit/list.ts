import type { InstanceView } from '../../api/contract.ts';
import { statusCell } from '../render/list.ts';
import type { Style } from '../render/style.ts';
import { cut, pad, plain } from '../render/text.ts';
import { age, percent, size } from '../render/units.ts';
import type { Canvas } from './canvas.ts';
import { type MonitState, shownOf } from './state.ts';

interface Column {
  readonly title: string;
  readonly width: number;
  readonly align: 'left' | 'right';
  readonly cell: (view: InstanceView, nowMs: number) => { readonly text: string; readonly style?: Style | null };
}

const COLUMNS: readonly Column[] = [
  { title: 'status', width: 15, align: 'left', cell: statusCell },
  {
    title: 'cpu',
    width: 6,
    align: 'right',
    cell: ({ cpuRatio }) => ({ text: cpuRatio === null ? '-' : percent(cpuRatio) }),
  },
  { title: 'mem', width: 8, align: 'right', cell: memoryOf },
  {
    title: '↺',
    width: 5,
    align: 'right',
    cell: ({ restarts, streak }) => ({ text: String(restarts), style: streak > 0 ? 'yellow' : null }),
  },
  {
    title: 'uptime',
    width: 6,
    align: 'right',
    cell: ({ startedAtMs, pid }, nowMs) => ({
      text: startedAtMs === null || pid === null ? '-' : age(nowMs - startedAtMs),
    }),
  },
];
/** Mark and id before the name, blanks between columns. */
const BEFORE = 7;
const NEAR_LIMIT = 0.9;

/**
 * Draws the list: a head, and the rows around the selected one.
 * @param state what is shown
 * @param canvas width and height of the list
 * @returns as many lines as its height, each just as wide as the canvas
 */
export function listLines(state: MonitState, { width, height, nowMs, paint }: Canvas): string[] {
  const columns = columnsFor(width);
  const nameWidth = width - BEFORE - columns.reduce((sum, column) => sum + column.width + 1, 0);
  const head = columns.map((column) => pad(column.title, column.width, column.align));
  const titles = [`  ${pad('id', 4, 'right')} ${pad('name', nameWidth)}`, ...head].join(' ');
  const shown = shownOf(state);
  const rows = windowOf(shown, state.selectedId, height - 1).map((view) => {
    const isSelected = view.id === state.selectedId;
    const name = pad(cut(plain(view.app) + slotOf(view, shown), nameWidth), nameWidth);
    const id = `${isSelected ? '>' : ' '} ${pad(String(view.id), 4, 'right')} `;
    const cells = columns.map((column) => {
      const { text, style = null } = column.cell(view, nowMs);
      const full = pad(cut(text, column.width), column.width, column.align);
      return isSelected ? full : paint(style, full);
    });
    const line = [`${id}${name}`, ...cells].join(' ');
    return isSelected ? paint('inverse', line) : line;
  });
  const none = state.instances.length === 0 ? '  no apps: promvisor start app.js' : '  nothing matches the filter';
  const body = shown.length === 0 ? [pad(cut(none, width), width)] : rows;
  const blank = ' '.repeat(width);
  return [paint('bold', titles), ...Array.from({ length: height - 1 }, (_, row) => body[row] ?? blank)];
}

/** On a narrow screen the last columns go first. */
function columnsFor(width: number): readonly Column[] {
  const leastName = 12;
  let kept = [...COLUMNS];
  const taken = () => kept.reduce((sum, column) => sum + column.width + 1, BEFORE + leastName);
  while (kept.length > 1 && taken() > width) kept = kept.slice(0, -1);
  return kept;
}

function windowOf(shown: readonly InstanceView[], selectedId: number | null, rows: number): readonly InstanceView[] {
  const at = Math.max(
    0,
    shown.findIndex(({ id }) => id === selectedId),
  );
  const first = Math.min(Math.max(0, at - Math.floor(rows / 2)), Math.max(0, shown.length - rows));
  return shown.slice(first, first + rows);
}

/** Instances of one app are told apart by their slot. */
function slotOf({ app, namespace, slot }: InstanceView, shown: readonly InstanceView[]): string {
  const isMany = shown.filter((other) => other.app === app && other.namespace === namespace).length > 1;
  return isMany ? `:${slot}` : '';
}

function memoryOf({ rssBytes, memoryLimitBytes }: InstanceView): {
  readonly text: string;
  readonly style: Style | null;
} {
  if (rssBytes === null) return { text: '-', style: null };
  const isNear = memoryLimitBytes !== null && rssBytes >= NEAR_LIMIT * memoryLimitBytes;
  return { text: size(rssBytes), style: isNear ? 'yellow' : null };
}
