import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createEventTeller, type ProcessEvent } from '../../src/daemon/pm2/events.ts';
import { createFrameReader, frameOf, jsonArgument, jsonOf, textArgument } from '../../src/daemon/pm2/frames.ts';
import { envOf, idOf } from '../../src/daemon/pm2/requests.ts';
import { type OneInstance, oneInstance } from '../core/one-instance.ts';

const LIMIT_BYTES = 1_000;

describe("messages of PM2's sockets", () => {
  const argument = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
  const frames = fc.array(fc.array(argument, { maxLength: 15 }), { maxLength: 6 });

  test('come out as they went in, however they are cut', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (sent, sizes) => {
        const bytes = Buffer.concat(sent.map(frameOf));
        const reader = createFrameReader(LIMIT_BYTES);
        const got: (readonly Buffer[])[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const end = at + (sizes[turn % sizes.length] ?? 1);
          got.push(...reader.read(bytes.subarray(at, end)));
          at = end;
        }
        expect(got).toEqual(sent);
      }),
    );
  });

  test('are what PM2 7.0.4 sends', () => {
    const call = '{"type":"call","method":"getVersion","args":[{}]}';
    const bytes = Buffer.from(`\x12\0\0\0\x33j:${call}\0\0\0\x08s:3919:0`, 'latin1');
    expect(frameOf([jsonArgument(call), textArgument('3919:0')])).toEqual(bytes);
    const [[first, id] = []] = createFrameReader(LIMIT_BYTES).read(bytes);
    expect(jsonOf(first)).toEqual({ type: 'call', method: 'getVersion', args: [{}] });
    expect(jsonOf(id)).toBeUndefined();
  });

  test('are refused when they are none, or too long, before they are taken', () => {
    expect(() => createFrameReader(LIMIT_BYTES).read(Buffer.from('GET / HTTP/1.1'))).toThrow(/version 1, got byte 71/);
    const huge = Buffer.of(0x11, 0xff, 0xff, 0xff, 0xff);
    expect(() => createFrameReader(LIMIT_BYTES).read(huge)).toThrow(/at most 1000 bytes, got 4294967300/);
    expect(createFrameReader(LIMIT_BYTES).read(Buffer.of(0x10, 0x10))).toEqual([[], []]);
  });

  test('no bytes at all make the reader do anything but read or refuse', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), (chunks) => {
        const reader = createFrameReader(LIMIT_BYTES);
        try {
          for (const chunk of chunks) for (const frame of reader.read(Buffer.from(chunk))) frame.map(jsonOf);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});

describe("what PM2's clients ask", () => {
  test('ids are numbers or text, alone or in an object', () => {
    expect([idOf(3), idOf('3'), idOf({ id: '3' }), idOf({ process_id: 3 }), idOf({ pm_id: 3 })]).toEqual([
      3, 3, 3, 3, 3,
    ]);
    for (const nonsense of [null, undefined, 'all', {}, [], -0.5, '1e3', { id: null }]) {
      expect(() => idOf(nonsense)).toThrow(/^id: expected a whole number, got /);
    }
  });

  test('only updateEnv brings variables', () => {
    expect(envOf({ id: 0, env: { current_conf: { env: {}, merge_logs: true } } })).toBeUndefined();
    expect(envOf({ id: 0, env: { A: '1', B: 2, current_conf: { env: { C: 'x' } } } })).toEqual({
      A: '1',
      B: '2',
      C: 'x',
    });
    expect(envOf(null)).toBeUndefined();
  });
});

describe('events of the bus', () => {
  function eventsOf(run: (app: OneInstance) => void): string[] {
    const app = oneInstance();
    run(app);
    const teller = createEventTeller();
    const told: readonly ProcessEvent[] = app.transitions.flatMap((transition) => teller.of(0, transition));
    return told.map(({ event, manually }) => (manually ? `${event} (manually)` : event));
  }
  const up = (app: OneInstance) => {
    app.spawned();
    app.ready();
  };

  test('a start, a restart and a stop by hand', () => {
    const told = eventsOf((app) => {
      app.take({ type: 'start' });
      up(app);
      app.take({ type: 'restart', cause: 'requested' });
      app.exits({ signal: 'SIGINT' });
      up(app);
      app.take({ type: 'stop' });
      app.exits({ code: 0 });
    });
    expect(told).toEqual([
      ...['online', 'start (manually)'],
      ...['exit', 'online', 'restart (manually)'],
      ...['exit', 'stop (manually)'],
    ]);
  });

  test('a crash is exit and online; the last of too many is errored', () => {
    const told = eventsOf((app) => {
      app.changePolicy({ maxRestarts: 2 });
      app.take({ type: 'start' });
      for (let life = 0; life < 3; life++) {
        up(app);
        app.exits({ code: 1 });
        if (app.status === 'backoff') app.timerFires();
      }
    });
    expect(told.slice(0, 4)).toEqual(['online', 'start (manually)', 'exit', 'online']);
    expect(told.slice(-2)).toEqual(['restart overlimit', 'exit']);
  });

  test('a reload tells of the new process before the end of the old one', () => {
    const told = eventsOf((app) => {
      app.take({ type: 'start' });
      up(app);
      app.take({ type: 'reload', cause: 'requested' });
      app.beside.spawned();
      app.beside.ready();
      app.beside.timerFires();
      app.beside.drained();
      app.beside.exits({ signal: 'SIGINT' });
    });
    expect(told).toEqual(['online', 'start (manually)', 'online', 'reload (manually)', 'exit']);
  });

  test('a restart by cron is nobody’s', () => {
    const told = eventsOf((app) => {
      app.take({ type: 'start' });
      up(app);
      app.take({ type: 'restart', cause: 'cron' });
      app.exits({ signal: 'SIGINT' });
      up(app);
    });
    expect(told.slice(2)).toEqual(['exit', 'online', 'restart']);
  });
});
