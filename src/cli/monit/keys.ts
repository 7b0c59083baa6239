import type { MonitAction, MonitState } from './state.ts';
import { move, nextApp, selectedOf, withFilter } from './state.ts';

/** A key, by its name or as the character that it is. */
export type Key = string;

const NAMES: Readonly<Record<string, Key>> = {
  '\u001b[A': 'up',
  '\u001bOA': 'up',
  '\u001b[B': 'down',
  '\u001bOB': 'down',
  '\u001b[5~': 'page up',
  '\u001b[6~': 'page down',
  '\u001b[H': 'home',
  '\u001b[1~': 'home',
  '\u001b[F': 'end',
  '\u001b[4~': 'end',
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\u001b': 'escape',
  '\u007f': 'backspace',
  '\b': 'backspace',
  '\u0003': 'interrupt',
  '\u0004': 'interrupt',
};
/** A sequence of one key, or one character. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what keys send
const PART = /\u001b(?:\[[0-?]*[ -/]*[@-~]|O[A-Z])?|[\s\S]/gu;

/**
 * Cuts what a terminal has sent into keys.
 * @param text one chunk of stdin
 * @returns names of keys and printable characters; keys that mean nothing here are left out
 */
export function keysIn(text: string): readonly Key[] {
  return [...text.matchAll(PART)].flatMap(([part]) => {
    const name = NAMES[part];
    if (name !== undefined) return [name];
    return part >= ' ' && !part.startsWith('\u001b') ? [part] : [];
  });
}

export type Wish =
  | { readonly type: 'quit' }
  | { readonly type: 'act'; readonly action: MonitAction; readonly id: number };

interface Pressed {
  readonly state: MonitState;
  /** What is to be done outside of the screen. */
  readonly wish: Wish | null;
}

/** How far the log is scrolled by one key. */
const PAGE = 10;
const ACTIONS: Readonly<Record<string, MonitAction>> = { r: 'restart', l: 'reload', s: 'stop' };

/**
 * A key was pressed.
 * @param state of the screen
 * @param key its name
 */
export function press(state: MonitState, key: Key): Pressed {
  if (key === 'interrupt') return { state, wish: { type: 'quit' } };
  if (state.asking !== null) return answer({ ...state, asking: null }, state.asking, key);
  if (state.typing) return { state: type(state, key), wish: null };
  const action = ACTIONS[key];
  const selected = selectedOf(state);
  if (action !== undefined && selected !== null) {
    return { state: { ...state, asking: { action, id: selected.id }, note: null }, wish: null };
  }
  if (key === 'q') return { state, wish: { type: 'quit' } };
  return { state: look({ ...state, note: null }, key), wish: null };
}

function answer(state: MonitState, asked: NonNullable<MonitState['asking']>, key: Key): Pressed {
  if (key === 'y' || key === 'enter') return { state, wish: { type: 'act', ...asked } };
  return { state: { ...state, note: { text: `${asked.action}: not done`, style: 'dim' } }, wish: null };
}

function type(state: MonitState, key: Key): MonitState {
  switch (key) {
    case 'enter':
    case 'tab':
      return { ...state, typing: false };
    case 'escape':
      return withFilter({ ...state, typing: false }, '');
    case 'backspace':
      return withFilter(state, [...state.filter].slice(0, -1).join(''));
    case 'up':
      return move(state, -1);
    case 'down':
      return move(state, 1);
    default:
      return [...key].length === 1 ? withFilter(state, state.filter + key) : state;
  }
}

function look(state: MonitState, key: Key): MonitState {
  switch (key) {
    case 'up':
    case 'k':
      return move(state, -1);
    case 'down':
    case 'j':
      return move(state, 1);
    case 'home':
    case 'g':
      return move(state, Number.NEGATIVE_INFINITY);
    case 'G':
      return move(state, Number.POSITIVE_INFINITY);
    case 'tab':
      return nextApp(state);
    case 'enter':
      return { ...state, zoomed: !state.zoomed };
    case 'page up':
      return { ...state, scroll: Math.min(state.scroll + PAGE, Math.max(0, state.lines.length - 1)) };
    case 'page down':
      return { ...state, scroll: Math.max(0, state.scroll - PAGE) };
    case 'end':
      return { ...state, scroll: 0 };
    case '/':
      return { ...state, typing: true };
    case 'escape':
      return withFilter({ ...state, zoomed: false, scroll: 0 }, '');
    default:
      return state;
  }
}
