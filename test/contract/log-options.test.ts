import { Command } from 'commander';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PromvisorError } from '../../src/base/errors.ts';
import { parseMoment } from '../../src/base/moment.ts';
import { LOG_FLAGS, type LogsCall, logsCall } from '../../src/cli/log-flags.ts';
import { readLogOptions } from '../../src/cli/log-options.ts';
import { createLineRenderer, type LogLayout, type LogLine } from '../../src/cli/render/log-line.ts';
import { painter } from '../../src/cli/render/style.ts';

const NOW = Date.UTC(2026, 10, 25, 14, 0, 0);
const read = (given: Record<string, unknown>, json = false) => readLogOptions(given, { json, nowMs: NOW });

function refused(given: Record<string, unknown>): string {
  try {
    read(given);
  } catch (error) {
    if (error instanceof PromvisorError && error.code === 'USAGE') return error.message;
    throw error;
  }
  throw new Error(`expected ${JSON.stringify(given)} to be refused`);
}

describe('moments', () => {
  test.each([
    ['10m', NOW - 600_000],
    ['2h', NOW - 7_200_000],
    ['3d', NOW - 259_200_000],
    ['1h30m', NOW - 5_400_000],
    ['1.5s', NOW - 1500],
    ['250ms', NOW - 250],
    ['1w', NOW - 604_800_000],
    ['0s', NOW],
    ['1764000000', 1_764_000_000_000],
    ['1764000000.25', 1_764_000_000_250],
    ['1764000000123', 1_764_000_000_123],
    ['2026-11-25', new Date(2026, 10, 25).getTime()],
    ['2026-11-25 14:00', new Date(2026, 10, 25, 14, 0).getTime()],
    ['2026-11-25T14:00:07', new Date(2026, 10, 25, 14, 0, 7).getTime()],
    ['2026-11-25T14:00:00Z', NOW],
    ['2026-11-25T14:00:00.5Z', NOW + 500],
    ['2026-11-25 15:00+01:00', NOW],
    ['2026-11-25T15:00:00+0100', NOW],
    ['2026-11-25T12:30:00-01:30', NOW],
  ])('%s', (text, atMs) => {
    expect(parseMoment(text, NOW)).toBe(atMs);
  });

  test.each([
    '',
    'yesterday',
    '10',
    '10x',
    '2026-02-30',
    '2026-13-01',
    '2026-11-25 25:00',
    '-5m',
    'm',
    '1e9',
    '10m ago',
  ])('%j is none, or one that is certain', (text) => {
    expect(parseMoment(text, NOW)).toBe(text === '10' ? 10_000 : null);
  });

  test('any date survives', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }), (date) => {
        expect(parseMoment(date.toISOString(), NOW)).toBe(date.getTime());
      }),
    );
  });
});

describe('options of logs', () => {
  test('without any: 15 lines, then the new ones', () => {
    const options = read({});
    expect(options).toMatchObject({ follow: true, mustFollow: false, form: 'text', paths: false, stampPattern: null });
    expect(options.query).toEqual({ sinceNs: null, untilNs: null, count: 15, match: null });
  });

  test('with a begin all lines from there on are meant, unless a number is given', () => {
    expect(read({ since: '1h' }).query).toMatchObject({ sinceNs: BigInt(NOW - 3_600_000) * 1_000_000n, count: null });
    expect(read({ since: '1h', lines: '3' }).query.count).toBe(3);
    expect(read({ until: '1h' }).query.count).toBe(15);
  });

  test('follows unless told otherwise', () => {
    expect(read({ nostream: true }).follow).toBe(false);
    expect(read({ nostream: true, follow: true })).toMatchObject({ follow: true, mustFollow: true });
    expect(read({ until: '1h' }).follow).toBe(false);
  });

  test('chooses streams and forms', () => {
    const streams = (given: Record<string, unknown>) => (['out', 'error'] as const).filter(read(given).wants);
    expect(streams({})).toEqual(['out', 'error']);
    expect(streams({ out: true })).toEqual(['out']);
    expect(streams({ err: true })).toEqual(['error']);
    expect(streams({ out: true, err: true })).toEqual(['out', 'error']);
    expect([read({ raw: true }).form, read({ format: true }).form, read({ raw: true }, true).form]).toEqual([
      'raw',
      'pairs',
      'json',
    ]);
  });

  test('nonsense is refused by name and value', () => {
    expect(refused({ lines: '-1' })).toBe('--lines: expected a whole number, got "-1"');
    expect(refused({ lines: 'many' })).toContain('"many"');
    expect(refused({ since: 'soon' })).toMatch(/^--since: expected a time such as 10m, .* got "soon"$/);
    expect(refused({ until: '2026-02-30' })).toMatch(/^--until: .*"2026-02-30"$/);
    expect(refused({ since: '1h', until: '2h' })).toMatch(/^--since: .*"1h" and "2h"$/);
    expect(refused({ follow: true, until: '2h' })).toMatch(/^--follow: .*--until/);
    expect(refused({ grep: '' })).toBe('--grep: expected a text or /regex/, got ""');
    expect(refused({ grep: '/(/' })).toMatch(/^--grep: .*"\/\(\/"/);
    expect(refused({ highlight: '' })).toMatch(/^--highlight: /);
  });
});

describe('a command line without the parser', () => {
  test.each([
    [['logs'], { targets: [], options: {} }],
    [['-s', 'log', 'api', '--lines', '1'], { targets: ['api'], options: { silent: true, lines: '1' } }],
    [['logs', '--grep=a=b', 'api', '--json'], { targets: ['api'], options: { grep: 'a=b', json: true } }],
    [['logs', '--timestamp', '--raw'], { targets: [], options: { timestamp: true, raw: true } }],
    [['logs', '--timestamp', 'HH', '--no-color'], { targets: [], options: { timestamp: 'HH', color: false } }],
  ])('%j', (argv, call) => {
    expect(logsCall(argv)).toEqual(call);
  });

  test.each([
    [[]],
    [['list', 'logs']],
    [['logs', '--help']],
    [['logs', '--lines']],
    [['logs', '--lines', '-s']],
    [['logs', '--raw=yes']],
    [['logs', '--nope']],
    [['logs', '--', 'x']],
    [['--lines', '3', 'logs']],
    [['logs', '-']],
  ])('%j is left to the parser', (argv) => {
    expect(logsCall(argv)).toBeNull();
  });

  test('means the same as with it', async () => {
    const words = [
      'api',
      '--raw',
      '--grep',
      'x',
      '--timestamp',
      '--lines',
      '3',
      '-s',
      '--json',
      '--since=1h',
      '--path',
      '-x',
      '',
    ];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...words), { maxLength: 6 }), async (rest) => {
        const call = logsCall(['logs', ...rest]);
        if (call === null) return;
        expect(await parsed(['logs', ...rest])).toEqual(call);
      }),
    );
  });
});

/** What the parser makes of a command line with the same flags. */
async function parsed(argv: readonly string[]): Promise<LogsCall> {
  const program = new Command().option('--json').option('-s, --silent').option('--no-color').exitOverride();
  const logs = program.command('logs').argument('[targets...]');
  for (const [flags, about] of LOG_FLAGS) logs.option(flags, about);
  logs.action(() => {});
  await program.parseAsync(argv, { from: 'user' });
  const { color, ...options } = logs.optsWithGlobals();
  return { targets: logs.args, options: color === true ? options : { ...options, color } };
}

describe('a line', () => {
  const renderLogLine = (shown: LogLine, how: LogLayout) => createLineRenderer(how)(shown);
  const line: LogLine = { id: 3, slot: 1, app: 'api', namespace: 'web', stream: 'out', atMs: NOW, text: 'all is well' };
  const layout: LogLayout = { form: 'text', stamp: null, highlight: null, labelWidth: 6, paint: painter(false) };
  const colours = painter(true);

  test('in each form', () => {
    expect(renderLogLine(line, layout)).toBe('3|api  | all is well\n');
    expect(renderLogLine(line, { ...layout, stamp: () => 'now' })).toBe('3|api  | now all is well\n');
    expect(renderLogLine(line, { ...layout, form: 'raw' })).toBe('all is well\n');
    expect(renderLogLine(line, { ...layout, form: 'pairs', stamp: () => 'now' })).toBe(
      'timestamp=now app=api id=3 type=out message=all is well\n',
    );
    expect(JSON.parse(renderLogLine({ ...line, stream: 'error' }, { ...layout, form: 'json' }))).toEqual({
      message: 'all is well',
      timestamp: '2026-11-25T14:00:00.000Z',
      type: 'err',
      process_id: 3,
      app_name: 'api',
      namespace: 'web',
      slot: 1,
    });
  });

  test('that is such an object already is not put into another one', () => {
    const text =
      '{"message":"a \\"quote\\"","timestamp":"2026-11-25T14:00:01.000Z","type":"out","process_id":5,"app_name":"api"}';
    const json = (inner: string) =>
      JSON.parse(renderLogLine({ ...line, id: null, text: inner }, { ...layout, form: 'json' }));
    expect(json(text)).toMatchObject({ message: 'a "quote"', process_id: 5, timestamp: '2026-11-25T14:00:01.000Z' });
    expect(json('{"message":"x"}').message).toBe('{"message":"x"}');
    expect(json('{"message":').message).toBe('{"message":');
  });

  test('has the colour of its app, wherever it is', () => {
    const shown = (other: Partial<LogLine>) => renderLogLine({ ...line, ...other }, { ...layout, paint: colours });
    const colourOf = (text: string) => text.slice(0, text.indexOf('m') + 1);
    expect(colourOf(shown({}))).toBe(colourOf(shown({ id: 9, stream: 'error' })));
    const apps = ['api', 'web', 'jobs', 'cache', 'mail', 'auth', 'billing'];
    expect(new Set(apps.map((app) => colourOf(shown({ app })))).size).toBeGreaterThan(2);
    expect(shown({ stream: 'error' })).toContain('\u001b[31m|');
  });

  test('shows what is highlighted', () => {
    const lit = renderLogLine(line, { ...layout, form: 'raw', highlight: 'is', paint: colours });
    expect(lit).toBe('all \u001b[7mis\u001b[27m well\n');
    expect(renderLogLine(line, { ...layout, form: 'raw', highlight: 'is' })).toBe('all is well\n');
    expect(renderLogLine({ ...line, text: 'a$&b' }, { ...layout, form: 'raw', highlight: '$&' })).toBe('a$&b\n');
  });
});
