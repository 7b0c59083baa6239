import type { Paint } from '../render/style.ts';
import { cut, pad, plain, widthOf } from '../render/text.ts';
import { percent, size, timeOfDay } from '../render/units.ts';
import type { Canvas } from './canvas.ts';
import { detailPairs, type MonitPair } from './detail.ts';
import { listLines } from './list.ts';
import { type MonitLine, type MonitState, selectedOf, shownOf } from './state.ts';

/** From this width on the details stand beside the list. */
const WIDE = 120;
const DETAIL_WIDTH = 46;
/** Title, rule above the log, keys. */
const FRAME_ROWS = 3;
const DETAIL_ROWS = 2;
/** Columns or rows below which nothing can be laid out. */
const LEAST = { width: 40, height: 10 };

/**
 * Draws the whole screen.
 * @param state what it shows
 * @param canvas its size, the time and the painter
 * @returns as many lines as the screen has rows, none wider than it
 */
export function renderMonit(state: MonitState, canvas: Canvas): string[] {
  const { width, height, paint } = canvas;
  if (width < LEAST.width || height < LEAST.height) {
    const text = cut(`monit needs ${LEAST.width}x${LEAST.height}, this is ${width}x${height}`, Math.max(1, width));
    return filled([text], height);
  }
  const title = titleLine(state, canvas);
  const rule = ruleLine(state, canvas);
  const keys = footLine(state, canvas);
  if (state.zoomed) return [title, rule, ...logLines(state, canvas, height - FRAME_ROWS), keys];
  const pairs = detailPairs(state, canvas.nowMs);
  const isWide = width >= WIDE;
  const most = Math.floor((height - FRAME_ROWS) / 2);
  const wanted = Math.max(shownOf(state).length + 1, isWide ? pairs.length : 0, 2);
  const rows = Math.min(wanted, most);
  const list = listLines(state, { ...canvas, width: isWide ? width - DETAIL_WIDTH - 1 : width, height: rows });
  const top = isWide ? beside(list, columnOf(pairs, paint), canvas) : list;
  const below = isWide ? [] : flowing(pairs, canvas);
  return [title, ...top, rule, ...below, ...logLines(state, canvas, height - FRAME_ROWS - rows - below.length), keys];
}

function titleLine(state: MonitState, { width, nowMs, paint }: Canvas): string {
  const { instances, answered } = state;
  const up = instances.filter(({ status }) => status === 'running').length;
  const troubled = instances.filter(({ status }) => status === 'fatal' || status === 'backoff').length;
  const cpu = instances.reduce((sum, { cpuRatio }) => sum + (cpuRatio ?? 0), 0);
  const rss = instances.reduce((sum, { rssBytes }) => sum + (rssBytes ?? 0), 0);
  const trouble = troubled === 0 ? '' : `, ${troubled} in trouble`;
  const figures = ` promvisor  ${up} of ${instances.length} up${trouble}  cpu ${percent(cpu)}  mem ${size(rss)}`;
  const text = answered ? figures : ' promvisor  no daemon answers; waiting for one';
  const right = ` ${timeOfDay(nowMs)} `;
  const left = pad(cut(text, width - right.length), width - right.length);
  return paint('inverse', `${left}${right}`);
}

function ruleLine(state: MonitState, { width, paint }: Canvas): string {
  const selected = selectedOf(state);
  const name = selected === null ? 'no app' : `${plain(selected.app)}:${selected.slot} (id ${selected.id})`;
  const where = state.scroll > 0 ? `log, ${state.scroll} lines back ` : 'log ';
  const text = cut(`── ${name} ${where}`, width);
  return paint('dim', `${text}${'─'.repeat(Math.max(0, width - widthOf(text)))}`);
}

const KEYS = 'j/k move  tab next app  enter log  r restart  l reload  s stop  / filter  q quit';

function footLine(state: MonitState, { width, paint }: Canvas): string {
  if (state.asking !== null) {
    const selected = selectedOf(state);
    const name = selected === null ? '' : `${plain(selected.app)}:${selected.slot}`;
    return paint('yellow', cut(`${state.asking.action} ${name}? y/n`, width));
  }
  if (state.typing) return cut(`/${plain(state.filter)}▏  enter keep, esc clear`, width);
  if (state.note !== null) return paint(state.note.style, cut(plain(state.note.text), width));
  const filter = state.filter === '' ? '' : `filter "${plain(state.filter)}" (esc clears)  `;
  return paint('dim', cut(`${filter}${KEYS}`, width));
}

/** The newest lines at the bottom; a pane that is not full begins at its top. */
function logLines(state: MonitState, canvas: Canvas, height: number): string[] {
  const end = state.lines.length - state.scroll;
  const lines = state.lines.slice(Math.max(0, end - height), end);
  return filled(
    lines.map((line) => logLine(line, canvas)),
    height,
  );
}

/** Colours of the app would run on into ours. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const COLOURS = /\u001b\[[0-9;:]*m/g;

function logLine({ atMs, stream, text }: MonitLine, { width, paint }: Canvas): string {
  const time = atMs === null ? '' : `${timeOfDay(atMs)} `;
  const rest = cut(plain(text.replace(COLOURS, '')), width - time.length);
  return `${paint('dim', time)}${paint(stream === 'error' ? 'red' : null, rest)}`;
}

/** Details side by side, in as many lines as they are given. */
function flowing(pairs: readonly MonitPair[], { width, paint }: Canvas): string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const { key, value, style } of pairs) {
    const own = widthOf(key) + 1 + widthOf(value);
    if (used > 0 && used + 2 + own > width) {
      lines.push(line);
      line = '';
      used = 0;
    }
    const room = width - widthOf(key) - 1;
    const text = `${paint('dim', key)} ${paint(style, cut(value, Math.max(1, room)))}`;
    line = used === 0 ? text : `${line}  ${text}`;
    used += (used === 0 ? 0 : 2) + Math.min(own, width);
  }
  return filled([...lines, line].slice(0, DETAIL_ROWS), DETAIL_ROWS);
}

function columnOf(pairs: readonly MonitPair[], paint: Paint): string[] {
  const keyWidth = Math.max(...pairs.map(({ key }) => widthOf(key)), 0);
  const room = DETAIL_WIDTH - keyWidth - 2;
  return pairs.map(({ key, value, style }) => `${paint('dim', pad(key, keyWidth))}  ${paint(style, cut(value, room))}`);
}

function beside(left: readonly string[], right: readonly string[], { paint }: Canvas): string[] {
  return left.map((line, row) => `${line}${paint('dim', '│')}${right[row] ?? ''}`);
}

function filled(lines: readonly string[], height: number): string[] {
  return Array.from({ length: height }, (_, row) => lines[row] ?? '');
}
