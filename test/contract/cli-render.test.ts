import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { InstanceView } from '../../src/api/contract.ts';
import { renderDescribe } from '../../src/cli/render/describe.ts';
import { renderList } from '../../src/cli/render/list.ts';
import { painter, wantsColours } from '../../src/cli/render/style.ts';
import { cut, pad, plain, widthOf, wrapWords } from '../../src/cli/render/text.ts';
import { age, percent, size, span } from '../../src/cli/render/units.ts';
import { renderWhy } from '../../src/cli/render/why.ts';
import { STATUSES } from '../../src/core/states.ts';
import { describeView, exitView, instanceView, NOW_MS, whyView } from '../support/views.ts';

const paint = painter(false);
const list = (instances: readonly InstanceView[], width = 80, http: Parameters<typeof renderList>[0]['http'] = null) =>
  renderList({ instances, version: null, http, nowMs: NOW_MS, width, paint });
const linesOf = (text: string) => text.replace(/\n$/, '').split('\n');

/** Names as people give them, and as an enemy would. */
const name = fc.oneof(
  fc.string({ minLength: 1, maxLength: 60 }),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
  fc.constantFrom('世界', '👩‍👩‍👧‍👦 family', '\u001b[31mred', 'a\nb', '🇩🇪', 'é', '<script>', 'ﷺ', '\u202eevil'),
);
const whole = fc.nat({ max: 2 ** 31 });
const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
const anyExit = orNull(fc.record({ uptimeMs: whole, atMs: fc.constant(NOW_MS), message: orNull(name) })).map((exit) =>
  exit === null ? null : exitView(exit),
);
const anyView: fc.Arbitrary<InstanceView> = fc
  .record({
    id: fc.nat({ max: 99_999 }),
    app: name,
    namespace: name,
    version: name,
    user: name,
    status: fc.constantFrom(...STATUSES),
    pm2Status: fc.constantFrom('online', 'stopped', 'errored', 'waiting restart', 'launching', 'stopping'),
    pid: orNull(whole),
    startedAtMs: orNull(whole),
    restarts: whole,
    streak: whole,
    cpuRatio: orNull(fc.double({ min: 0, max: 1e4, noNaN: true })),
    rssBytes: orNull(fc.nat()),
    memoryLimitBytes: orNull(fc.nat()),
    backoff: orNull(fc.record({ delayMs: whole, untilMs: fc.nat() })),
    lastExit: anyExit,
    watching: fc.boolean(),
  })
  .map(instanceView);

describe('the width of the terminal is never passed', () => {
  const width = fc.integer({ min: 24, max: 200 });

  test('by list', () => {
    const http = orNull(name).map((error) => ({ listen: '127.0.0.1:9209', address: null, error }));
    fc.assert(
      fc.property(fc.array(anyView, { maxLength: 12 }), width, http, (views, columns, listener) => {
        for (const line of linesOf(list(views, columns, listener))) expect(widthOf(line)).toBeLessThanOrEqual(columns);
      }),
      { numRuns: 300 },
    );
  });

  test('by list, with a table whose lines are all of one width', () => {
    fc.assert(
      fc.property(fc.array(anyView, { minLength: 1, maxLength: 12 }), width, (views, columns) => {
        const table = linesOf(list(views, columns)).slice(0, views.length + 4);
        expect(new Set(table.map(widthOf)).size).toBe(1);
      }),
      { numRuns: 300 },
    );
  });

  test('by describe', () => {
    fc.assert(
      fc.property(anyView, width, (view, columns) => {
        const text = renderDescribe({ view: describeView(view), nowMs: NOW_MS, width: columns, paint });
        for (const line of linesOf(text)) expect(widthOf(line)).toBeLessThanOrEqual(columns);
      }),
      { numRuns: 200 },
    );
  });

  test('by why, which fits one screen of 24 lines at 80 columns', () => {
    const lines = fc.array(name, { maxLength: 20 });
    fc.assert(
      fc.property(anyView, lines, lines, (view, out, error) => {
        const base = whyView();
        const death = base.lastDeath === null ? null : { ...base.lastDeath, lastLines: { out, error } };
        const transitions = Array.from({ length: 20 }, () => base.transitions).flat();
        const shown = whyView({ ...view, lastDeath: death, transitions });
        const text = linesOf(renderWhy({ view: shown, nowMs: NOW_MS, width: 80, paint }));
        expect(text.length).toBeLessThanOrEqual(23);
        for (const line of text) expect(widthOf(line)).toBeLessThanOrEqual(80);
      }),
      { numRuns: 200 },
    );
  });
});

describe('list', () => {
  const fleet = [
    instanceView({
      id: 2,
      app: 'queue-worker',
      restarts: 3,
      streak: 3,
      status: 'backoff',
      pm2Status: 'waiting restart',
    }),
    instanceView({ id: 0, app: 'api', cpuRatio: 1.234, memoryLimitBytes: 51_000_000 }),
    instanceView({ id: 1, app: 'cron', status: 'stopped', pm2Status: 'stopped', pid: null, startedAtMs: null }),
  ];

  test('at 80 columns', () => {
    const [worker] = fleet;
    const waiting = { ...instanceView(worker), pid: null, backoff: { delayMs: 15_000, untilMs: NOW_MS + 8_000 } };
    expect(`\n${list([waiting, ...fleet.slice(1)])}`).toMatchInlineSnapshot(`
      "
      ┌────┬──────────────┬──────┬────────┬───┬─────────────────┬──────┬────────┐
      │ id │ name         │  pid │ uptime │ ↺ │ status          │  cpu │    mem │
      ├────┼──────────────┼──────┼────────┼───┼─────────────────┼──────┼────────┤
      │  0 │ api          │ 4321 │    60m │ 0 │ online          │ 123% │ 48.4mb │
      │  1 │ cron         │    - │      - │ 0 │ stopped         │ 1.2% │ 48.4mb │
      │  2 │ queue-worker │    - │      - │ 3 │ waiting restart │ 1.2% │ 48.4mb │
      └────┴──────────────┴──────┴────────┴───┴─────────────────┴──────┴────────┘
      queue-worker: restarting every 15 s, next in 8 s; see promvisor why queue-worker
      "
    `);
  });

  test('with room for everything', () => {
    expect(`\n${list(fleet, 160)}`).toMatchInlineSnapshot(`
      "
      ┌────┬──────────────┬───────────┬─────────┬──────┬──────┬────────┬───┬─────────────────┬──────┬────────┬──────┬──────────┐
      │ id │ name         │ namespace │ version │ mode │  pid │ uptime │ ↺ │ status          │  cpu │    mem │ user │ watching │
      ├────┼──────────────┼───────────┼─────────┼──────┼──────┼────────┼───┼─────────────────┼──────┼────────┼──────┼──────────┤
      │  0 │ api          │ default   │ 1.2.3   │ fork │ 4321 │    60m │ 0 │ online          │ 123% │ 48.4mb │ root │ no       │
      │  1 │ cron         │ default   │ 1.2.3   │ fork │    - │      - │ 0 │ stopped         │ 1.2% │ 48.4mb │ root │ no       │
      │  2 │ queue-worker │ default   │ 1.2.3   │ fork │ 4321 │    60m │ 3 │ waiting restart │ 1.2% │ 48.4mb │ root │ no       │
      └────┴──────────────┴───────────┴─────────┴──────┴──────┴────────┴───┴─────────────────┴──────┴────────┴──────┴──────────┘
      "
    `);
  });

  test('on a phone', () => {
    expect(`\n${list(fleet, 40)}`).toMatchInlineSnapshot(`
      "
      ┌────┬──────────────┬─────────────────┐
      │ id │ name         │ status          │
      ├────┼──────────────┼─────────────────┤
      │  0 │ api          │ online          │
      │  1 │ cron         │ stopped         │
      │  2 │ queue-worker │ waiting restart │
      └────┴──────────────┴─────────────────┘
      "
    `);
  });

  test('is empty without apps', () => {
    expect(linesOf(list([]))).toHaveLength(4);
  });

  test('tells of a port that is taken, of apps given up, and of several instances in one line', () => {
    const fatal = {
      status: 'fatal',
      pm2Status: 'errored',
      lastExit: exitView({ reason: 'error_code', code: 7 }),
    } as const;
    const text = list([instanceView(fatal), instanceView({ ...fatal, id: 1 })], 120, {
      listen: '127.0.0.1:9209',
      address: null,
      error: 'listen EADDRINUSE',
    });
    expect(linesOf(text).slice(-2)).toEqual([
      'api: given up: error_code (code 7); see promvisor why api (and 1 more)',
      'metrics: 127.0.0.1:9209 could not be opened: listen EADDRINUSE; trying again',
    ]);
  });

  test('has colours only where they are wanted', () => {
    const coloured = renderList({
      instances: fleet,
      version: null,
      http: null,
      nowMs: NOW_MS,
      width: 80,
      paint: painter(true),
    });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours are what is looked at
    expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(list(fleet));
    expect(coloured).toContain('\u001b[32monline');
    expect(list(fleet)).not.toContain('\u001b');
    expect(wantsColours({}, true)).toBe(true);
    expect(wantsColours({}, false)).toBe(false);
    expect(wantsColours({ NO_COLOR: '1' }, true)).toBe(false);
    expect(wantsColours({ FORCE_COLOR: '1' }, false)).toBe(true);
    expect(wantsColours({ FORCE_COLOR: '0' }, true)).toBe(false);
    expect(wantsColours({ TERM: 'dumb' }, true)).toBe(false);
  });
});

describe('why and describe', () => {
  // The time of day is local: it is taken out.
  const still = (text: string) => text.replace(/(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d/g, '<time>');

  test('why tells what happened last, and what comes next', () => {
    expect(`\n${still(renderWhy({ view: whyView(), nowMs: NOW_MS, width: 80, paint }))}`).toMatchInlineSnapshot(`
      "
      cron-worker:0 (id 3, default)
      Waiting: its process died of an uncaught error (code 1) after 1.2 s, 60 s ago;
      it starts again in 8 s.
      last exit  uncaught (code 1) after 1.2 s, <time>
      restarts   17 (unstable 4, in a row 9)
      vitals     45.8mb, cpu 3%, 2 processes, 11 threads, 24 fds; 500 ms before
      history    <time> backoff  → starting timer
                 <time> starting → running  spawned
                 <time> running  → backoff  uncaught (code 1), again in 15 s
      stderr     | Error: boom
                 |     at run (/srv/cron.js:7:9)
      stdout     | started
      "
    `);
  });

  test('why has a sentence for every status', () => {
    for (const status of STATUSES) {
      for (const lastExit of [null, exitView()]) {
        const view = whyView({ status, lastExit, lastDeath: null, transitions: [] });
        const [, sentence] = linesOf(renderWhy({ view, nowMs: NOW_MS, width: 200, paint }));
        expect(sentence).toMatch(/^[A-Z].*\.$/);
      }
    }
  });

  test('describe, where logs are shipped', () => {
    const shipped = { app: 'api', namespace: 'default', lagSeconds: 63, pendingBytes: 12_345, sentEntries: 9 };
    const dropped = { rejected_400: 2, too_old: 0 };
    const view = describeView({ loki: { ...shipped, sentBytes: 900, dropped } });
    const text = renderDescribe({ view, nowMs: NOW_MS, width: 80, paint });
    expect(`\n${text.slice(text.indexOf('Loki'), text.indexOf('Counters'))}`).toMatchInlineSnapshot(`
      "
      Loki, whole app
      ┌─────────┬────────────────┐
      │ lag     │ 63 s           │
      │ pending │ 12.1kb         │
      │ sent    │ 9 lines, 900b  │
      │ dropped │ 2 rejected_400 │
      └─────────┴────────────────┘
      "
    `);
  });

  test.each([
    [{ out: null, error: null, combined: null }, '12 (3.4kb), no file, 1 cut'],
    [{ out: '/a', error: '/b', combined: '/c' }, '12 (3.4kb), 0 dropped over 2 files, 1 cut'],
  ])('describe tells of lines in %j', (logs, words) => {
    const text = renderDescribe({ view: describeView({ logs }), nowMs: NOW_MS, width: 80, paint });
    expect(text).toContain(words);
  });

  test('describe', () => {
    const text = renderDescribe({ view: describeView(), nowMs: NOW_MS, width: 80, paint });
    expect(`\n${still(text)}`).toMatchInlineSnapshot(`
      "
      api (id 0)
      ┌────────────┬────────────────────────────┐
      │ status     │ online                     │
      │ name       │ api                        │
      │ namespace  │ default                    │
      │ version    │ 1.2.3                      │
      │ instance   │ 0                          │
      │ pid        │ 4321                       │
      │ uptime     │ 60m                        │
      │ cpu        │ 1.2%                       │
      │ memory     │ 48.4mb                     │
      │ restarts   │ 0 (unstable 0, in a row 0) │
      │ created at │ <time>        │
      └────────────┴────────────────────────────┘
      Process
      ┌──────────────────┬───────────────────────────┐
      │ script path      │ /srv/server.js            │
      │ script args      │ --port 3000 "two words"   │
      │ interpreter      │ node                      │
      │ interpreter args │ --max-old-space-size=200  │
      │ exec cwd         │ /srv                      │
      │ exec mode        │ fork                      │
      │ instances        │ 1                         │
      │ user             │ root                      │
      │ pid path         │ /srv/pids/api-0.pid       │
      │ config file      │ /srv/ecosystem.config.cjs │
      └──────────────────┴───────────────────────────┘
      Policy
      ┌─────────────────┬──────────────────────────────┐
      │ autorestart     │ yes                          │
      │ max restarts    │ 16 within 1 s of uptime each │
      │ kill timeout    │ 1.6 s after SIGINT           │
      │ watch           │ no                           │
      │ back-off from   │ 100 ms                       │
      │ stop exit codes │ 0, 3                         │
      │ memory limit    │ 500.0mb                      │
      └─────────────────┴──────────────────────────────┘
      Logs
      ┌────────────────┬────────────────────────────────────────────────┐
      │ out log path   │ /srv/logs/api-out.log                          │
      │ error log path │ /srv/logs/api-error.log                        │
      │ out lines      │ 12 (3.4kb) = 12 written + 0 dropped, 1 cut     │
      │ out files      │ 3 (120.6kb)                                    │
      │ error lines    │ 3 (99b) = 1 written + 2 dropped (2 disk_error) │
      └────────────────┴────────────────────────────────────────────────┘
      Counters
      ┌──────────┬────────────┐
      │ starts   │ 4          │
      │ exits    │ uncaught 3 │
      │ restarts │ uncaught 3 │
      └──────────┴────────────┘
      "
    `);
  });
});

describe('text', () => {
  test('widths are those of terminals', () => {
    const known = {
      abc: 3,
      世界: 4,
      é: 1,
      'e\u0301': 1,
      '👍': 2,
      '👩‍👩‍👧‍👦': 2,
      '🇩🇪': 2,
      '❤️': 2,
      '↺': 1,
      한글: 4,
      ｆ: 2,
      '': 0,
    };
    for (const [text, width] of Object.entries(known)) expect([text, widthOf(text)]).toEqual([text, width]);
  });

  test('cut and pad give exactly the width that was asked for', () => {
    fc.assert(
      fc.property(name, fc.integer({ min: 1, max: 30 }), (text, width) => {
        const shown = plain(text);
        expect(widthOf(cut(shown, width))).toBeLessThanOrEqual(width);
        expect(widthOf(pad(cut(shown, width), width))).toBe(width);
        expect(widthOf(pad(cut(shown, width), width, 'right'))).toBe(width);
      }),
    );
  });

  test('nothing that moves a cursor is let through', () => {
    expect(plain('\u001b[2Jx\r\ny\u009b1m\u007f')).not.toMatch(/\p{Cc}/u);
    expect(plain('größe 世界 👍')).toBe('größe 世界 👍');
  });

  test('sentences are broken at blanks', () => {
    expect(wrapWords('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrapWords('unbreakable x', 4)).toEqual(['unbreakable', 'x']);
  });

  test('units', () => {
    expect([0, 119_000, 120_000, 7_199_000, 7_200_000, 172_800_000].map(age)).toEqual([
      '0s',
      '119s',
      '2m',
      '119m',
      '2h',
      '2D',
    ]);
    expect([0, 40, 1234, 12_000, 300_000, 10_000_000, 200_000_000].map(span)).toEqual([
      '0 ms',
      '40 ms',
      '1.2 s',
      '12 s',
      '5 min',
      '3 h',
      '2 d',
    ]);
    expect([0, 1023, 1024, 50_750_000, 2 ** 31].map(size)).toEqual(['0b', '1023b', '1.0kb', '48.4mb', '2.0gb']);
    expect([0, 0.0123, 1.2, 0.9999].map(percent)).toEqual(['0%', '1.2%', '120%', '100%']);
  });
});
