import { createHash } from 'node:crypto';
import vm from 'node:vm';
import { describe, expect, test } from 'vitest';
import type { ExitView, InstanceView } from '../../src/api/contract.ts';
import { renderPage } from '../../src/web/page.ts';
import { FakeDocument, type FakeElement } from '../support/fake-document.ts';

const NOW_MS = 1_700_000_000_000;

function instanceOf(parts: Partial<InstanceView> = {}): InstanceView {
  return {
    id: 0,
    app: 'api',
    namespace: 'default',
    slot: 0,
    version: '1.0.0',
    execMode: 'fork',
    status: 'running',
    pm2Status: 'online',
    pid: 4242,
    generation: 1,
    startedAtMs: NOW_MS - 3_661_000,
    restarts: 0,
    unstableRestarts: 0,
    streak: 0,
    backoff: null,
    cpuRatio: 0.123,
    rssBytes: 50_000_000,
    memoryLimitBytes: null,
    lastExit: null,
    hostVersion: null,
    user: 'deploy',
    watching: false,
    cron: null,
    ...parts,
  };
}

const DEAD = { pid: null, startedAtMs: null, cpuRatio: null, rssBytes: null } as const;

function exitOf(parts: Partial<ExitView> = {}): ExitView {
  const died = { reason: 'error_code', code: 3, signal: null, uptimeMs: 850, message: null } as const;
  return { ...died, atMs: NOW_MS - 60_000, ...parts };
}

function scriptOf(html: string): string {
  return /<script type="module">(.*)<\/script>\n<\/body>/s.exec(html)?.[1] ?? '';
}

type Answer = () => { readonly instances: readonly InstanceView[] };

/** The page in a browser of its own: what it asks is answered at once, its clock and its timers are the test's. */
class OpenPage {
  readonly document: FakeDocument;
  readonly asked: string[] = [];
  #nowMs = NOW_MS;
  #answer: Answer;
  readonly #timers = new Map<number, { readonly delayMs: number; readonly callback: () => unknown }>();

  constructor(answer: Answer) {
    this.#answer = answer;
    const { html } = renderPage();
    this.document = new FakeDocument([...html.matchAll(/ id="([a-z]+)"/g)].map(([, id]) => id ?? ''));
    this.document.body.dataset['source'] = /data-source="([^"]*)"/.exec(html)?.[1] ?? '';
    const nowMs = () => this.#nowMs;
    class PageDate extends Date {
      static override now(): number {
        return nowMs();
      }
    }
    let timers = 0;
    const globals = {
      document: this.document,
      location: { host: 'box:9209' },
      AbortSignal,
      Date: PageDate,
      fetch: (url: string) => this.#reply(url),
      setTimeout: (callback: () => unknown, delayMs: number) => {
        this.#timers.set(++timers, { callback, delayMs });
        return timers;
      },
      clearTimeout: (timer: number) => this.#timers.delete(timer),
    };
    // A module runs in strict mode, in a scope of its own.
    vm.runInNewContext(`'use strict'; (() => { ${scriptOf(html)} })()`, globals);
  }

  async #reply(url: string): Promise<unknown> {
    this.asked.push(url);
    const data = { version: '0.1.0', ...this.#answer() };
    const headers = new Headers({ date: new Date(this.#nowMs).toUTCString() });
    return { ok: true, headers, json: async () => JSON.parse(JSON.stringify(data)) };
  }

  answer(answer: Answer): void {
    this.#answer = answer;
  }

  /** Lets the answers that are on their way arrive. */
  async settled(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Waits out the timer that is set. */
  async nextPoll(): Promise<number> {
    const [entry] = this.#timers;
    if (entry === undefined) throw new Error('expected a timer, found none');
    const [id, { delayMs, callback }] = entry;
    this.#timers.delete(id);
    this.#nowMs += delayMs;
    callback();
    await this.settled();
    return delayMs;
  }

  get timers(): number {
    return this.#timers.size;
  }

  at(id: string): FakeElement {
    const element = this.document.getElementById(id);
    if (element === null) throw new Error(`expected an element "${id}" in the page`);
    return element;
  }

  text(id: string): string {
    return this.at(id).textContent.replaceAll('\u00a0', ' ');
  }

  rows(): string[] {
    return this.at('rows').children.map((row) =>
      typeof row === 'string' ? row : row.textContent.replaceAll('\u00a0', ' '),
    );
  }
}

async function opened(...instances: readonly InstanceView[]): Promise<OpenPage> {
  const page = new OpenPage(() => ({ instances }));
  await page.settled();
  return page;
}

describe('the document', () => {
  test('needs nothing but its own data', () => {
    const { html } = renderPage();
    const markup = html.replace(/<(style|script)[^>]*>.*?<\/\1>/gs, '');
    expect(markup).not.toMatch(/\bsrc=|\bon[a-z]+=|\bstyle=/);
    const links = [...markup.matchAll(/href="([^"]*)"/g)].map(([, href]) => href);
    expect(links.filter((href) => !href?.startsWith('data:'))).toEqual([
      './metrics',
      './jlist',
      './jlist',
      './metrics',
    ]);
    expect(html.replace(/xmlns='[^']*'/, '')).not.toMatch(/https?:|@import|url\(/);
  });

  test('its policy allows what stands in it, and nothing else', () => {
    const { html, contentSecurityPolicy } = renderPage();
    const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    const style = /<style>(.*)<\/style>/s.exec(html)?.[1] ?? '';
    expect(contentSecurityPolicy.split('; ')).toEqual([
      "default-src 'none'",
      `script-src ${hash(scriptOf(html))}`,
      `style-src ${hash(style)}`,
      "connect-src 'self'",
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ]);
  });

  test('asks where it is told to, whatever stands in that path', () => {
    const { html } = renderPage({ dataPath: '/x"><script>alert(1)</script>' });
    expect(html).toContain('data-source="/x&#34;&#62;&#60;script&#62;alert(1)&#60;/script&#62;"');
    expect(renderPage().html).toContain('data-source="./instances.json"');
  });
});

describe('the verdict', () => {
  test.each<[string, readonly Partial<InstanceView>[]]>([
    ['No apps yet', []],
    ['The one instance is fine', [{}]],
    ['All 3 instances are fine', [{}, { status: 'stopped', ...DEAD }, { status: 'exited', ...DEAD }]],
    ['1 of 2 instances needs attention', [{}, { status: 'fatal', ...DEAD }]],
    ['2 of 3 instances need attention', [{}, { status: 'backoff', ...DEAD }, { streak: 2 }]],
  ])('%s', async (verdict, fleet) => {
    const page = await opened(...fleet.map((parts, id) => instanceOf({ id, ...parts })));
    expect(page.text('verdict')).toBe(verdict);
    expect(page.document.title).toBe(`${verdict} · promvisor`);
    expect(page.at('empty').hidden).toBe(fleet.length > 0);
  });
});

describe('a line', () => {
  test.each<[string, Partial<InstanceView>, string]>([
    ['running', {}, 'running pid 4242'],
    ['gave up', { status: 'fatal', ...DEAD }, 'fatal gave up, it is not started again'],
    ['waits', { status: 'backoff', ...DEAD, backoff: { delayMs: 9, untilMs: NOW_MS + 12_500 } }, 'starts again in 12s'],
    ['waits no more', { status: 'backoff', ...DEAD, backoff: { delayMs: 9, untilMs: NOW_MS } }, 'starts again now'],
    ['near its limit', { memoryLimitBytes: 52_000_000 }, 'memory at 96 % of its limit'],
    ['dies again and again', { streak: 3 }, 'died 3 times in a row'],
    ['failed for good', { status: 'exited', ...DEAD, lastExit: exitOf() }, 'failed, it is not started again'],
    [
      'failed until its cron',
      { status: 'exited', ...DEAD, lastExit: exitOf(), cron: { pattern: '0 4 * * *', nextAtMs: NOW_MS + 7_200_000 } },
      'failed, waits for its cron',
    ],
    ['ended well', { status: 'exited', ...DEAD, lastExit: exitOf({ reason: 'clean', code: 0 }) }, 'exited 0 clean'],
    ['says the exit', { lastExit: exitOf() }, 'error_code 3 1m ago, after 850ms'],
    ['says the signal', { lastExit: exitOf({ reason: 'signal', code: null, signal: 'SIGKILL' }) }, 'signal SIGKILL'],
    ['says the message', { lastExit: exitOf({ reason: 'spawn_failed', code: null, message: 'no file' }) }, ': no file'],
    ['says figures', { memoryLimitBytes: 2 ** 30 }, '1h 1m 12 % 47.7 MiB of 1.0 GiB'],
    ['says small figures', { cpuRatio: 0.034, rssBytes: 0 }, '3.4 % 0 B'],
    ['says the cron', { cron: { pattern: '0 4 * * *', nextAtMs: NOW_MS + 90_000 } }, 'in 1m 30s 0 4 * * *'],
    ['says where it belongs', { namespace: 'shop', id: 7, slot: 2 }, 'shop · id 7 · slot 2'],
  ])('%s', async (_, parts, text) => {
    const page = await opened(instanceOf(parts));
    expect(page.rows()[0]?.replace(/ +/g, ' ')).toContain(text);
  });

  test('stands in the order of need', async () => {
    const page = await opened(
      instanceOf({ id: 1, app: 'rests', status: 'stopped', ...DEAD }),
      instanceOf({ id: 2, app: 'runs' }),
      instanceOf({ id: 3, app: 'moves', status: 'starting' }),
      instanceOf({ id: 4, app: 'trembles', streak: 2 }),
      instanceOf({ id: 5, app: 'waits', status: 'backoff', ...DEAD }),
      instanceOf({ id: 6, app: 'dead', status: 'fatal', ...DEAD }),
    );
    expect(page.rows().map((row) => row.split(' ')[0])).toEqual([
      'dead',
      'waits',
      'trembles',
      'moves',
      'runs',
      'rests',
    ]);
  });

  test('a hostile name, namespace or message stays text', async () => {
    const hostile = '<script>alert(1)</script><img src=x onerror=alert(2)>';
    const page = await opened(instanceOf({ app: hostile, namespace: hostile, lastExit: exitOf({ message: hostile }) }));
    expect(page.rows()[0]?.split(hostile).length).toBe(4);
    const tags = new Set(page.document.made.map(({ tag }) => tag));
    expect([...tags].filter((tag) => ['script', 'img', 'a', 'iframe'].includes(tag))).toEqual([]);
    expect(renderPage().html).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b/);
  });
});

describe('over time', () => {
  test('it asks again and again, and shows what is new; a line without news stays as it is', async () => {
    const page = await opened(instanceOf({ status: 'stopped', ...DEAD }), instanceOf({ id: 1, app: 'web' }));
    const [, before] = page.at('rows').children;
    page.answer(() => ({ instances: [instanceOf({ status: 'stopped', ...DEAD }), instanceOf({ id: 2, app: 'new' })] }));
    expect(await page.nextPoll()).toBe(3000);
    expect(page.asked).toEqual(['./instances.json', './instances.json']);
    expect(page.rows().map((row) => row.split(' ')[0])).toEqual(['new', 'api']);
    expect(page.at('rows').children[1]).toBe(before);
  });

  test('a daemon that is gone is told, the last state stays, and it is asked again less often', async () => {
    const page = await opened(instanceOf());
    expect(page.at('gone').hidden).toBe(true);
    page.answer(() => {
      throw new Error('Failed to fetch');
    });
    const delays = [];
    for (let poll = 0; poll < 7; poll++) delays.push(await page.nextPoll());
    expect(delays).toEqual([3000, 4500, 6750, 10_125, 15_000, 15_000, 15_000]);
    expect(page.at('gone').hidden).toBe(false);
    expect(page.text('gone')).toMatch(
      /^The daemon has not answered for 1m 9s \(Failed to fetch\)\. What you see is from /,
    );
    expect(page.document.body.className).toBe('stale');
    expect(page.document.title).toBe('No answer · promvisor');
    expect(page.rows()).toHaveLength(1);
    page.answer(() => ({ instances: [instanceOf()] }));
    await page.nextPoll();
    expect([page.at('gone').hidden, page.text('beat'), page.document.body.className]).toEqual([true, 'live', '']);
    expect(await page.nextPoll()).toBe(3000);
  });

  test('an answer that is no list is a problem, not a blank page', async () => {
    const page = await opened(instanceOf());
    page.answer(() => JSON.parse('{"instances":null}'));
    await page.nextPoll();
    expect(page.text('gone')).toContain('no list of instances in the answer');
    expect(page.rows()).toHaveLength(1);
  });

  test('a page that nobody looks at asks nothing', async () => {
    const page = await opened(instanceOf());
    page.document.hidden = true;
    page.document.listeners.get('visibilitychange')?.();
    expect(page.timers).toBe(0);
    page.document.hidden = false;
    page.document.listeners.get('visibilitychange')?.();
    await page.settled();
    expect([page.asked.length, page.timers]).toEqual([2, 1]);
  });

  test('the filter shows what is looked for', async () => {
    const page = await opened(instanceOf(), instanceOf({ id: 1, app: 'web', status: 'fatal', ...DEAD }));
    page.at('filter').value = ' FATAL web ';
    page.at('filter').listeners.get('input')?.();
    expect(page.rows().map((row) => row.split(' ')[0])).toEqual(['web']);
    expect(page.text('verdict')).toBe('1 of 2 instances needs attention');
  });
});
