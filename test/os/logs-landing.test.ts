import { execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createInlet } from '../../src/logs/inlet.ts';
import {
  createLandings,
  LANDING_BYTES,
  LANDING_HEAD_BYTES,
  type Landing,
  type LandingMemory,
} from '../../src/logs/landing.ts';
import { newAccount } from '../../src/logs/record.ts';
import { openForChild, openForReading } from '../../src/os/pipes.ts';
import { openSharedMemory } from '../../src/os/shared-memory.ts';
import { testFolder } from '../support/instance-logs.ts';

/** Where a daemon dies while it deals with a piece that it has read. */
type Death = 'never' | 'before the write' | 'after the write' | 'before the slot is empty';

class Killed extends Error {}

function plainMemory(): LandingMemory {
  const memory = Buffer.alloc(LANDING_BYTES);
  const part = (offset: number, bytes: number) => memory.subarray(offset, offset + bytes);
  return { part, copy: (offset, bytes) => Buffer.from(part(offset, bytes)) };
}

/** A named pipe, and one daemon after the other that reads it. */
function pipeline(memory: LandingMemory) {
  const folder = testFolder();
  const fifo = path.join(folder, '0.out');
  execFileSync('mkfifo', [fifo]);
  const writeEnd = openForChild(fifo);
  onTestFinished(() => closeSync(writeEnd));
  let written = '';
  let death: Death = 'never';
  let daemon: ReturnType<typeof start> | null = null;

  function start() {
    const landings = createLandings(memory);
    let isDead = false;
    /** The dead give nothing back. */
    const mortal = (landing: Landing): Landing => ({ ...landing, release: () => !isDead && landing.release() });
    const account = newAccount();
    const made = createInlet(fifo, {
      openForReading,
      onLines(chunk) {
        if (death === 'before the write') throw new Killed();
        written += chunk.toString('latin1');
        if (death === 'after the write') throw new Killed();
      },
      onCut: () => {},
      account: Object.defineProperty(account, 'bytes', {
        get: () => 0,
        set() {
          if (death === 'before the slot is empty') throw new Killed();
        },
      }),
      onProblem: (problem) => expect.fail(problem),
      landings: () => ({
        ...landings,
        take(name) {
          const landing = landings.take(name);
          return landing === null ? null : mortal(landing);
        },
      }),
    });
    made.takeRest();
    landings.forget();
    made.pump.start();
    made.pump.pause();
    const kill = () => {
      isDead = true;
      made.pump.stop();
    };
    return { inlet: made, kill };
  }

  return {
    written: () => written,
    /** The app writes, the daemon reads, and perhaps dies of it; then there is the next. */
    say(text: string, dies: Death) {
      daemon ??= start();
      writeSync(writeEnd, text);
      death = dies;
      try {
        daemon.inlet.pump.drain();
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
        daemon.kill();
        daemon = null;
      }
      death = 'never';
      daemon ??= start();
    },
    end() {
      daemon?.inlet.finish();
      daemon?.inlet.stop();
    },
  };
}

describe('what a daemon that is killed had in hand', () => {
  test('is written by the next one, whole and in order; at most the last piece twice', () => {
    const piece = fc.record({
      text: fc.string({ unit: fc.constantFrom('a', 'b', 'é', '\n'), maxLength: 30 }),
      dies: fc.constantFrom<Death>('never', 'never', 'before the write', 'after the write', 'before the slot is empty'),
    });
    const memory = plainMemory();
    const law = fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const pipe = pipeline(memory);
      let number = 0;
      // Each line is another one, so that none can stand for another.
      const said = pieces.map(({ text, dies }) => ({ text: text.replaceAll('\n', () => ` ${number++}\n`), dies }));
      for (const { text, dies } of said) if (text !== '') pipe.say(text, dies);
      pipe.end();
      const all = said.map(({ text }) => text).join('');
      const lines = (text: string) => text.split('\n').filter((line) => line !== '');
      const expected = lines(Buffer.from(all).toString('latin1'));
      const got = lines(pipe.written());
      expect([...new Set(got)]).toEqual(expected);
      const mayRepeat = said.filter(({ dies }) => dies === 'after the write').flatMap(({ text }) => lines(text)).length;
      expect(got.length - expected.length).toBeLessThanOrEqual(mayRepeat);
    });
    fc.assert(law, { numRuns: 40 });
  });

  test('is not given to another pipe of the same name, once it is known that the pipe is gone', () => {
    const memory = plainMemory();
    const landing = createLandings(memory).take('7.out');
    landing?.memory.write('of somebody else\n');
    landing?.keep(Buffer.from('half'));
    const next = createLandings(memory);
    next.forget();
    next.left('7.out', () => expect.fail('nothing is left'));
    createLandings(memory).left('7.out', () => expect.fail('nothing is left'));
  });

  test('has room for 1,024 pipes, and what comes back is used again', () => {
    const landings = createLandings(plainMemory());
    const taken = Array.from({ length: 1024 }, (_, at) => landings.take(`${at}.out`));
    expect(taken).not.toContain(null);
    expect(landings.take('one.more')).toBeNull();
    taken[500]?.release();
    expect(landings.take('one.more')).not.toBeNull();
    expect(landings.take('x'.repeat(60))).toBeNull();
  });
});

describe('memory of a name', () => {
  const PROGRAM = `
    const { openSharedMemory } = await import(process.argv[1]);
    const memory = openSharedMemory(process.argv[2], ${LANDING_BYTES}, ${LANDING_HEAD_BYTES});
    memory.part(${LANDING_BYTES - 5}, 5).write('there');
    process.kill(process.pid, 'SIGKILL');
  `;

  test('is there for the next process, whatever became of the one before, and gone once it was removed', async () => {
    const name = testFolder();
    const module = path.resolve('dist/js/os/shared-memory.js');
    const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, module, name], { stdio: 'inherit' });
    const signal = await new Promise((resolve) => child.once('exit', (_code, by) => resolve(by)));
    expect(signal).toBe('SIGKILL');
    const memory = openSharedMemory(name, LANDING_BYTES, LANDING_HEAD_BYTES);
    onTestFinished(() => memory?.remove());
    expect(memory?.part(LANDING_BYTES - 5, 5).toString()).toBe('there');
    memory?.remove();
    const anew = openSharedMemory(name, LANDING_BYTES, LANDING_HEAD_BYTES);
    expect(anew?.part(LANDING_BYTES - 5, 5).every((byte) => byte === 0)).toBe(true);
    anew?.remove();
  });

  test('can be read to by the system, as any buffer', () => {
    const memory = openSharedMemory(testFolder(), LANDING_BYTES, LANDING_HEAD_BYTES);
    onTestFinished(() => memory?.remove());
    const part = memory?.part(LANDING_HEAD_BYTES, 64) ?? Buffer.alloc(0);
    const fd = openSync('/proc/self/cmdline', 'r');
    onTestFinished(() => closeSync(fd));
    expect(readSync(fd, part, 0, 4, null)).toBe(4);
    expect(memory?.part(LANDING_HEAD_BYTES, 4).toString()).toBe(part.toString('latin1', 0, 4));
    expect(part[0]).not.toBe(0);
  });
});
