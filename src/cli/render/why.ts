import type { TransitionView, WhyView } from '../../api/contract.ts';
import { tellingLines } from '../../core/last-words.ts';
import { exitFacts, exitPhrase } from './exit-words.ts';
import type { Paint, Style } from './style.ts';
import { cut, pad, plain, wrapWords } from './text.ts';
import { dateTime, percent, size, span, timeOfDay } from './units.ts';

export interface WhyOptions {
  readonly view: WhyView;
  readonly nowMs: number;
  readonly width: number;
  readonly paint: Paint;
}

/** All together 24 lines: one screen of the least terminal, with its prompt. */
const SENTENCE_LINES_MAX = 3;
const TRANSITIONS_MAX = 6;
const ERROR_LINES_MAX = 6;
const OUT_LINES_MAX = 3;
const KEY_WIDTH = 10;

interface Line {
  readonly text: string;
  readonly style?: Style | null;
}

/**
 * The flight recorder of one instance on one screen.
 * @param options view, time, width and painter
 * @returns at most 23 lines, none wider than the width, ending with a newline
 */
export function renderWhy({ view, nowMs, width, paint }: WhyOptions): string {
  const lines: Line[] = [
    { text: `${plain(view.app)}:${view.slot} (id ${view.id}, ${plain(view.namespace)})`, style: 'bold' },
    ...wrapWords(sentence(view, nowMs), width)
      .slice(0, SENTENCE_LINES_MAX)
      .map((text) => ({ text, style: styleOf(view) })),
    ...factLines(view),
    ...transitionLines(view.transitions),
    ...outputLines('stderr', view.lastDeath?.lastLines.error ?? [], ERROR_LINES_MAX),
    ...outputLines('stdout', view.lastDeath?.lastLines.out ?? [], OUT_LINES_MAX),
  ];
  return lines.map(({ text, style }) => `${paint(style ?? null, cut(text, width))}\n`).join('');
}

function styleOf({ status }: WhyView): Style | null {
  if (status === 'fatal') return 'red';
  return status === 'backoff' ? 'yellow' : null;
}

/** What happened last and what comes next. */
function sentence(view: WhyView, nowMs: number): string {
  const exit = view.lastExit;
  const died = exit === null ? 'its process ended' : `its process ${exitPhrase(exit)}, ${span(nowMs - exit.atMs)} ago`;
  const since = view.startedAtMs === null ? '' : ` for ${span(nowMs - view.startedAtMs)}`;
  switch (view.status) {
    case 'running':
      return exit === null ? `Running${since}; it has never ended.` : `Running${since}; before, ${died}.`;
    case 'starting':
      return exit === null ? `Starting${since}, not ready yet.` : `Starting${since}, not ready yet; before, ${died}.`;
    case 'stopping':
      return 'Told to go, and not gone yet.';
    case 'backoff': {
      const next = view.backoff === null ? 'soon' : `in ${span(Math.max(0, view.backoff.untilMs - nowMs))}`;
      return `Waiting: ${died}; it starts again ${next}.`;
    }
    case 'fatal':
      return `Given up: ${died}.`;
    case 'exited':
      return `Finished: ${died}, and its policy lets it rest.`;
    case 'stopped':
      return exit === null ? 'Stopped; it has not run yet.' : `Stopped: ${died}.`;
    default:
      return view.status satisfies never;
  }
}

function factLines({ lastExit, lastDeath, restarts, unstableRestarts, streak }: WhyView): Line[] {
  const lines: Line[] = [];
  if (lastExit !== null) {
    const text = `${exitFacts(lastExit)} after ${span(lastExit.uptimeMs)}, ${dateTime(lastExit.atMs)}`;
    lines.push(keyed('last exit', text));
    if (lastExit.message !== null && lastExit.reason !== 'spawn_failed') lines.push(keyed('', plain(lastExit.message)));
  }
  lines.push(keyed('restarts', `${restarts} (unstable ${unstableRestarts}, in a row ${streak})`));
  const vitals = lastDeath?.vitals ?? null;
  if (lastDeath !== null && vitals !== null) {
    const before = span(Math.max(0, lastDeath.exit.atMs - vitals.atMs));
    const facts = [
      size(vitals.rssBytes),
      ...(vitals.cpuRatio === null ? [] : [`cpu ${percent(vitals.cpuRatio)}`]),
      count(vitals.processes, 'process', 'processes'),
      count(vitals.threads, 'thread', 'threads'),
      ...(vitals.openFds === null ? [] : [`${vitals.openFds} fds`]),
    ];
    lines.push(keyed('vitals', `${facts.join(', ')}; ${before} before`));
  }
  return lines;
}

function transitionLines(transitions: readonly TransitionView[]): Line[] {
  let main = 0;
  const lines = transitions.map((transition) => {
    const text = transition.beside ? besideText(transition, main) : mainText(transition);
    if (!transition.beside) main = transition.generation;
    return `${timeOfDay(transition.atMs)} ${text}`;
  });
  return lines.slice(-TRANSITIONS_MAX).map((line, index) => keyed(index === 0 ? 'history' : '', line));
}

function mainText({ from, to, event, cause, exit, delayMs }: TransitionView): string {
  if (from === to) return `new process takes over${exit === null ? '' : `, the old one died: ${exitFacts(exit)}`}`;
  const notes = [
    ...(exit === null ? [] : [exitFacts(exit)]),
    ...(exit === null && cause !== null ? [cause] : []),
    ...(exit === null && cause === null ? [event.replaceAll('_', ' ')] : []),
    ...(delayMs === null ? [] : [`again in ${span(delayMs)}`]),
  ];
  return `${pad(from, 8)} → ${pad(to, 8)} ${notes.join(', ')}`;
}

/** During a reload there are two processes: the one that is replaced, and the one that is to replace it. */
function besideText({ generation, event, cause, exit }: TransitionView, main: number): string {
  const isNew = generation > main;
  if (exit !== null) return isNew ? `new process failed: ${exitFacts(exit)}` : `old process gone: ${exitFacts(exit)}`;
  if (event === 'reload') return `reload: new process started, ${cause ?? 'requested'}`;
  return `${isNew ? 'new' : 'old'} process: ${event.replaceAll('_', ' ')}`;
}

function outputLines(title: string, output: readonly string[], most: number): Line[] {
  const shown = tellingLines(output, most);
  return shown.map((line, index) => keyed(index === 0 ? title : '', `| ${plain(line)}`));
}

function keyed(key: string, text: string): Line {
  return { text: `${pad(key, KEY_WIDTH)} ${text}` };
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
