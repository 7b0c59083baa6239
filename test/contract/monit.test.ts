import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Canvas } from '../../src/cli/monit/canvas.ts';
import { keysIn, press } from '../../src/cli/monit/keys.ts';
import { renderMonit } from '../../src/cli/monit/render.ts';
import { changesOf, openScreen } from '../../src/cli/monit/screen.ts';
import { EMPTY, type MonitState, selectedOf, withDetail, withInstances, withLines } from '../../src/cli/monit/state.ts';
import { painter } from '../../src/cli/render/style.ts';
import { widthOf } from '../../src/cli/render/text.ts';
import { timeOfDay } from '../../src/cli/render/units.ts';
import { describeView, exitView, instanceView, NOW_MS } from '../support/views.ts';

const APPS = [
  instanceView({ id: 0, app: 'web', execMode: 'cluster', rssBytes: 60_000_000, memoryLimitBytes: 61_000_000 }),
  instanceView({ id: 1, app: 'web', slot: 1, execMode: 'cluster', restarts: 3 }),
  instanceView({
    id: 2,
    app: 'crashes',
    status: 'backoff',
    pm2Status: 'waiting restart',
    pid: null,
    startedAtMs: null,
    cpuRatio: null,
    rssBytes: null,
    backoff: { delayMs: 5_000, untilMs: NOW_MS + 4_200 },
    lastExit: exitView(),
    streak: 4,
  }),
];
const NAMES = { up: '\u001b[A', down: '\u001b[B', enter: '\r', escape: '\u001b' } as const;

function canvas(changes: Partial<Canvas> = {}): Canvas {
  return { width: 80, height: 24, nowMs: NOW_MS, paint: painter(false), ...changes };
}

function pressed(state: MonitState, ...keys: readonly string[]): MonitState {
  return keys.reduce((now, key) => press(now, key).state, state);
}

const START = withInstances(EMPTY, APPS);

describe('the screen of monit', () => {
  test('80x24: list, details and log', () => {
    const detail = describeView({ ...APPS[2], spec: { ...describeView().spec } });
    const lines = Array.from({ length: 30 }, (_, at) => ({
      atMs: NOW_MS,
      stream: 'out' as const,
      text: `\u001b[32mline\u001b[0m ${at}\u0007`,
    }));
    const state = withLines(withDetail(START, detail), lines);
    const shown = renderMonit(state, canvas());
    const time = timeOfDay(NOW_MS);
    expect(shown).toHaveLength(24);
    expect(shown[0]).toMatch(/^ promvisor {2}2 of 3 up, 1 in trouble {2}cpu 2.4% {2}mem 105.6mb +\d\d:\d\d:\d\d $/);
    expect(shown.slice(1, 5)).toEqual([
      '    id name                         status             cpu      mem     ↺ uptime',
      '>    2 crashes                      waiting restart      -        -     0      -',
      '     0 web:0                        online            1.2%   57.2mb     0    60m',
      '     1 web:1                        online            1.2%   48.4mb     3    60m',
    ]);
    expect(shown[5]).toMatch(/^── crashes:0 \(id 2\) log ─+$/);
    expect(shown[6]).toMatch(/^next start in 4.2 s {2}last exit uncaught \(code 1\)/);
    // What an app colours or rings does nothing to the screen.
    expect(shown.slice(8, 23)).toEqual(Array.from({ length: 15 }, (_, at) => `${time} line ${at + 15}␇`));
    expect(shown[23]).toContain('q quit');
  });

  test('has as many lines as the terminal, none wider, whatever its size and what is in it', () => {
    const words = fc.string({ unit: 'grapheme', maxLength: 90 });
    const size = fc.record({ width: fc.integer({ min: 1, max: 200 }), height: fc.integer({ min: 1, max: 60 }) });
    const many = fc.array(words, { maxLength: 40 });
    const keys = fc.array(fc.constantFrom('j', 'k', 'tab', 'enter', 'r', '/', 'w', 'page up', 'escape'), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(size, many, many, keys, (given, names, texts, typedKeys) => {
        const views = names.map((app, id) => instanceView({ id, app, namespace: app, lastExit: exitView() }));
        const lines = texts.map((text) => ({ atMs: null, stream: 'error' as const, text }));
        const state = pressed(withLines(withInstances(EMPTY, views), lines), ...typedKeys);
        const shown = renderMonit(state, canvas(given));
        expect(shown).toHaveLength(given.height);
        expect(Math.max(...shown.map(widthOf))).toBeLessThanOrEqual(given.width);
      }),
      { numRuns: 200 },
    );
  });

  test('140x40: the details stand beside the list', () => {
    const shown = renderMonit(START, canvas({ width: 140, height: 40 }));
    expect(shown[1]).toMatch(/uptime│next start {2}in 4.2 s$/);
    expect(shown[2]).toMatch(/│last exit {3}uncaught \(code 1\)/);
  });

  test('says when no daemon answers, and when nothing is there', () => {
    expect(renderMonit({ ...START, answered: false }, canvas())[0]).toContain('no daemon answers');
    expect(renderMonit(EMPTY, canvas()).join('\n')).toContain('no apps: promvisor start app.js');
    expect(renderMonit(pressed(START, '/', 'z', 'z'), canvas()).join('\n')).toContain('nothing matches the filter');
  });
});

describe('keys', () => {
  test('are cut out of what a terminal sends', () => {
    expect(keysIn(`j${NAMES.up}${NAMES.down}\u001bOA${NAMES.enter}\t\u007fé😀`)).toEqual([
      ...['j', 'up', 'down', 'up', 'enter', 'tab', 'backspace', 'é', '😀'],
    ]);
    expect(keysIn('\u001b')).toEqual(['escape']);
    // Keys that mean nothing here, pasted controls, reports of the mouse.
    expect(keysIn('\u001b[15~\u001b[1;5C\u0001\u001b[<0;1;1M')).toEqual([]);
  });

  test('move over rows and apps, and stay at the ends', () => {
    const app = (state: MonitState) => selectedOf(state)?.id;
    expect([app(START), app(pressed(START, 'j')), app(pressed(START, 'down', 'down', 'down'))]).toEqual([2, 0, 1]);
    expect([app(pressed(START, 'k')), app(pressed(START, 'G')), app(pressed(START, 'G', 'g'))]).toEqual([2, 1, 2]);
    expect([app(pressed(START, 'tab')), app(pressed(START, 'tab', 'tab'))]).toEqual([0, 2]);
  });

  test('an action is done only after y', () => {
    const asked = pressed(START, 'j', 's');
    expect(renderMonit(asked, canvas()).at(-1)).toBe('stop web:0? y/n');
    expect(press(asked, 'y').wish).toEqual({ type: 'act', action: 'stop', id: 0 });
    for (const key of ['n', 'escape', 'j', 'q']) expect(press(asked, key).wish).toBeNull();
    expect(press(pressed(START, 'r'), 'y').wish).toEqual({ type: 'act', action: 'restart', id: 2 });
    expect(press(pressed(START, 'l'), 'enter').wish).toEqual({ type: 'act', action: 'reload', id: 2 });
    expect(press(pressed(EMPTY, 'r'), 'y').wish).toBeNull();
  });

  test('the filter takes letters that are keys otherwise, and ctrl-c still ends', () => {
    const typed = pressed(START, '/', 'w', 'e', 'q', 'backspace');
    expect(typed.filter).toBe('we');
    expect(selectedOf(typed)?.app).toBe('web');
    expect(press(typed, 'interrupt').wish).toEqual({ type: 'quit' });
    expect(press(pressed(typed, 'enter'), 'q').wish).toEqual({ type: 'quit' });
    expect(pressed(typed, 'escape').filter).toBe('');
    expect(pressed(START, '/', 'w', 'a', 'i', 't').filter).toBe('wait');
  });

  test('another selection has another log; what was deleted gives its place to the next', () => {
    const read = withLines(START, [{ atMs: null, stream: 'out', text: 'of crashes' }]);
    expect(pressed(read, 'j').lines).toEqual([]);
    expect(selectedOf(withInstances(read, APPS.slice(0, 2)))?.id).toBe(0);
    expect(selectedOf(withInstances(read, []))).toBeNull();
  });

  test('a log that was scrolled back stands still while lines come', () => {
    const lines = Array.from({ length: 50 }, (_, at) => ({ atMs: null, stream: 'out' as const, text: `line ${at}` }));
    const back = pressed(withLines(START, lines), 'page up');
    const more = withLines(back, lines);
    expect(renderMonit(more, canvas()).slice(6, 23)).toEqual(renderMonit(back, canvas()).slice(6, 23));
    expect(pressed(more, 'end').scroll).toBe(0);
  });
});

describe('the terminal', () => {
  test('gets only what has changed, and lines that fill it are not cleared behind their end', () => {
    expect(changesOf(['a', 'b'], ['a', 'c'], 3)).toBe('\u001b[2;1Hc\u001b[K');
    expect(changesOf(['a', 'b'], ['a', 'b'], 3)).toBe('');
    expect(changesOf([], ['\u001b[7mabc\u001b[27m'], 3)).toBe('\u001b[1;1H\u001b[7mabc\u001b[27m');
    expect(changesOf(['a', 'b'], ['a'], 3)).toBe('\u001b[2;1H\u001b[K');
  });

  test('is given back once, and then left alone', () => {
    let written = '';
    const screen = openScreen((text) => {
      written += text;
    });
    screen.draw(['a'], 10);
    screen.leave();
    const end = written;
    expect(end.endsWith('\u001b[?7h\u001b[?25h\u001b[?1049l')).toBe(true);
    screen.leave();
    screen.forget();
    screen.draw(['b'], 10);
    expect(written).toBe(end);
  });
});
