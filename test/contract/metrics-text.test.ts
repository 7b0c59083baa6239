import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createMetricsPage, type MetricsPage, seriesOf } from '../../src/metrics/text.ts';

const OUT = seriesOf({ stream: 'out' });
const ERROR = seriesOf({ stream: 'error' });

interface Row {
  readonly labels: string;
  readonly out: number | null;
  readonly error: number | null;
}

function pageOf() {
  const page = createMetricsPage('plain');
  const render = (rows: readonly Row[]) =>
    page.render((text) => {
      text.family('promvisor_log_lines_total');
      for (const { labels, out, error } of rows) {
        text.add(out, labels, OUT);
        text.add(error, labels, ERROR);
      }
      text.family('promvisor_http_listener_up');
      text.add(1, '');
    }).pieces;
  /** Lines of the first family, without its head. */
  const lines = (rows: readonly Row[]) => render(rows)[0]?.toString().trimEnd().split('\n').slice(2);
  return { render, lines };
}

const A: Row = { labels: 'app="a"', out: 1, error: 2 };
const B: Row = { labels: 'app="b"', out: 3, error: 4 };

it('gives the very same bytes while nothing has changed', () => {
  const { render } = pageOf();
  const [lines, up] = render([A, B]);
  expect(Buffer.concat([lines ?? Buffer.alloc(0), up ?? Buffer.alloc(0)]).toString()).toMatch(/^# HELP .*_up 1\n$/s);
  const again = render([{ ...A }, { ...B }]);
  expect([again[0] === lines, again[1] === up, again.length]).toEqual([true, true, 2]);
});

it.each([
  ['a value', [A, { ...B, error: 5 }], 'promvisor_log_lines_total{app="b",stream="error"} 5'],
  ['a label', [A, { ...B, labels: 'app="c"' }], 'promvisor_log_lines_total{app="c",stream="error"} 4'],
  ['the order', [B, A], 'promvisor_log_lines_total{app="a",stream="error"} 2'],
  ['a series that went', [A, { ...B, error: null }], 'promvisor_log_lines_total{app="b",stream="out"} 3'],
  ['a series before others that went', [A, { ...B, out: null }], 'promvisor_log_lines_total{app="b",stream="error"} 4'],
  ['an instance that went', [A], 'promvisor_log_lines_total{app="a",stream="error"} 2'],
  ['one that came', [A, B, { ...B, labels: 'app="z"' }], 'promvisor_log_lines_total{app="z",stream="error"} 4'],
] as const)('tells %s, and leaves what was answered before as it was', (_what, rows, last) => {
  const { render, lines } = pageOf();
  const [before] = render([A, B]);
  const copy = before?.toString();
  const fresh = pageOf().lines(rows);
  expect(lines(rows)).toEqual(fresh);
  expect(fresh?.at(-1)).toBe(last);
  expect(before?.toString()).toBe(copy);
});

it('makes the text of a big family anew only around what has changed', () => {
  const { render } = pageOf();
  const rows = Array.from({ length: 1_000 }, (_, i): Row => ({ labels: `app="${i}"`, out: i, error: i }));
  const before = render(rows);
  expect(Buffer.concat(before).toString()).toBe(Buffer.concat(pageOf().render(rows)).toString());
  const changed = rows.map((row, i) => (i === 700 ? { ...row, out: 7 } : row));
  const after = render(changed);
  expect(Buffer.concat(after).toString()).toBe(Buffer.concat(pageOf().render(changed)).toString());
  expect(after.filter((piece, at) => piece !== before[at])).toHaveLength(1);
});

it.each([0, 1, 127, 128, 129, 500])('tells what is left of a big family, and what comes again: %d', (left) => {
  const { render } = pageOf();
  const rows = Array.from({ length: 600 }, (_, i): Row => ({ labels: `app="${i}"`, out: i, error: i }));
  for (const part of [rows, rows.slice(0, left), rows, rows.slice(600 - left)]) {
    expect(Buffer.concat(render(part)).toString()).toBe(Buffer.concat(pageOf().render(part)).toString());
  }
});

it('does not take for told what a failure has kept from being told', () => {
  const page = createMetricsPage('plain');
  const write = (value: number, fails = false) =>
    page.render((text) => {
      text.family('promvisor_http_listener_up');
      text.add(value, '');
      if (fails) throw new Error('half-way');
    }).pieces;
  write(0);
  expect(() => write(1, true)).toThrow('half-way');
  expect(Buffer.concat(write(1)).toString()).toMatch(/_up 1\n$/);
});

it('tells, whatever came before, what a page tells that has nothing before', () => {
  /** What a source says never changes: one that says something else is another object. */
  interface Source {
    readonly labels: string;
    readonly values: readonly number[];
  }
  const BUCKETS = Array.from({ length: 200 }, (_, le) => seriesOf({ le: String(le) }, '_bucket'));
  const render = (page: MetricsPage, sources: readonly Source[], failsAt: number | null) => {
    const { pieces, series } = page.render((text) => {
      text.family('promvisor_log_lines_total');
      text.add(sources.length, 'app="before the first"');
      for (const [at, source] of sources.entries()) {
        if (at === failsAt) throw new Error('half-way');
        if (text.has(source, source.labels)) continue;
        for (const [bucket, value] of source.values.entries()) text.add(value, source.labels, BUCKETS[bucket]);
      }
    });
    return { text: Buffer.concat(pieces).toString(), series };
  };
  const source = fc.record({
    labels: fc.constantFrom('app="a"', 'app="b"', 'app="ä→𝄞"', ''),
    values: fc.array(fc.constantFrom(0, 1, 0.5, 1e21, Number.POSITIVE_INFINITY), { maxLength: BUCKETS.length }),
  });
  const pool = fc.array(source, { minLength: 1, maxLength: 8 });
  const scrape = fc.record({
    picks: fc.array(fc.nat({ max: 7 }), { maxLength: 8 }),
    failsAt: fc.option(fc.nat({ max: 3 })),
  });
  fc.assert(
    fc.property(pool, fc.array(scrape, { maxLength: 8 }), (known, history) => {
      const page = createMetricsPage('plain');
      for (const { picks, failsAt } of history) {
        const sources = picks.map((pick) => known[pick % known.length] as Source);
        const fails = failsAt !== null && failsAt < sources.length;
        if (fails) expect(() => render(page, sources, failsAt)).toThrow('half-way');
        expect(render(page, sources, null)).toEqual(render(createMetricsPage('plain'), sources, null));
      }
    }),
    { numRuns: 200 },
  );
});
