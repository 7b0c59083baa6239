import path from 'node:path';
import type { Landed, Landing, Landings } from './landing.ts';
import { createLastBytes, type LastBytes } from './last-bytes.ts';
import { createLineCutter, type LineCutter, type LineHandlers } from './lines.ts';
import { createPump, type Pump, type PumpOptions } from './pump.ts';
import type { StreamAccount } from './record.ts';
import { createRestFile } from './rest-file.ts';
import { MUCH_BYTES } from './rhythm.ts';

/** One named pipe of a stream: its own reader, its own unfinished line, the last words of those who wrote to it. */
export interface Inlet {
  readonly pump: Pump;
  newest: Words;
  /** Of the last one before that said something: its death is recorded when the next one has the pipe already. */
  older: Words | null;
  /** The pipe that the same process has for its other stream: read first, so that lines keep their order. */
  sibling: Inlet | null;
  /** Takes the half line that the last daemon left; before anything more of it is read. */
  takeRest(): void;
  /** Leaves the pipe to the next daemon, and the line that is half read beside it. */
  leave(): void;
  /** Ends an unfinished line. */
  finish(): void;
  /** Lets go of the pipe for good. */
  stop(): void;
}

interface Words {
  readonly generation: number;
  bytes: LastBytes | null;
}

/** What the inlets of one stream share. */
export interface InletOptions {
  readonly openForReading: PumpOptions['openForReading'];
  /** Takes whole lines, as of LineHandlers, and the generation of the process that said them. */
  readonly onLines: (chunk: Buffer, lines: number, generation: number) => void;
  readonly onCut: LineHandlers['onCut'];
  /** Counts what is read. */
  readonly account: StreamAccount;
  readonly onProblem: (message: string) => void;
  readonly rhythm?: PumpOptions['rhythm'];
  /** Memory that outlives the daemon, null where there is none. */
  readonly landings?: (() => Landings | null) | undefined;
}

const NEWLINE = 10;

/**
 * Makes the inlet of one pipe.
 * @param file absolute path of the named pipe
 * @param options who takes its lines
 * @returns the inlet, not started; what is read before the first `begin` belongs to generation 0
 */
export function createInlet(file: string, options: InletOptions): Inlet {
  const name = path.basename(file);
  const rest = createRestFile(file);
  /** Undefined before the pipe is opened, null without. */
  let landing: Landing | null | undefined;
  let lost: Landing | null = null;
  let cutter: LineCutter | null = null;
  let linesRead = 0;
  const handlers: LineHandlers = {
    onLines(chunk, lines) {
      linesRead += lines;
      options.onLines(chunk, lines, inlet.newest.generation);
    },
    onCut: options.onCut,
  };

  function push(piece: Buffer): void {
    cutter ??= createLineCutter(handlers);
    const linesBefore = linesRead;
    cutter.push(piece);
    const half = cutter.rest();
    const hasGrown = linesRead === linesBefore;
    if (!hasGrown) landing?.wrote(half === null ? piece.length : piece.lastIndexOf(NEWLINE) + 1);
    if (landing?.keep(half) === true) rest.keep(null, false);
    // Of a flood the next piece is in the pipe already: its lines are in their file as fast as the half one is here.
    else rest.keep(piece.length < MUCH_BYTES ? half : null, hasGrown);
  }

  /** What the last daemon had in hand when it was killed: half a line, and a piece that it had just read. */
  function takeRest(): void {
    const kept = rest.taken();
    let isDealtWith = false;
    options.landings?.()?.left(name, (landed) => {
      isDealtWith = true;
      takeLanded(landed.half ?? kept, landed);
    });
    if (!isDealtWith && kept !== null) push(kept);
  }

  function takeLanded(half: Buffer | null, { bytes, written }: Landed): void {
    rest.keep(null, false);
    if (written > 0) {
      // All of it but the half line at its end is in its file, and that line is of this piece alone.
      if (written < bytes.length) push(bytes.subarray(written));
      return;
    }
    if (half !== null) push(half);
    // Without a newline it may be in the half line already.
    const isKept = half?.subarray(-bytes.length).equals(bytes) === true && !bytes.includes(NEWLINE);
    if (bytes.length > 0 && !isKept) push(bytes);
  }

  function finish(): void {
    cutter?.finish();
    landing?.keep(null);
    rest.keep(null, false);
  }

  const pump = createPump({
    path: file,
    landing() {
      if (landing === undefined) landing = options.landings?.()?.take(name) ?? null;
      return landing;
    },
    onLandingLost() {
      lost = landing ?? null;
      landing = null;
    },
    openForReading: options.openForReading,
    onProblem: options.onProblem,
    rhythm: options.rhythm,
    beforeBytes: () => inlet.sibling?.pump.catchUp(),
    onBytes(piece) {
      push(piece);
      options.account.bytes += piece.length;
      inlet.newest.bytes ??= createLastBytes();
      inlet.newest.bytes.append(piece);
    },
    onEnd: finish,
  });
  const inlet: Inlet = {
    pump,
    newest: { generation: 0, bytes: null },
    older: null,
    sibling: null,
    takeRest,
    leave() {
      pump.hold();
      landing?.keep(null);
      rest.keep(cutter?.rest() ?? null, false);
    },
    finish,
    stop() {
      pump.stop();
      (landing ?? lost)?.release();
      landing = null;
      rest.remove();
    },
  };
  return inlet;
}

/**
 * Gives the pipe to a process: an unfinished line of the last one ends, what is read from now on are its words.
 * @param inlet that no living process has
 * @param generation of the process
 */
export function begin(inlet: Inlet, generation: number): void {
  // Its end may not have been seen, as a child that the last process left behind has the pipe open too.
  inlet.finish();
  if (inlet.newest.bytes !== null) inlet.older = inlet.newest;
  inlet.newest = { generation, bytes: null };
}

/**
 * Gives the pipe to a process that had it under another daemon: what was read before is its own.
 * @param inlet that nobody was given
 * @param generation of the process
 */
export function goOn(inlet: Inlet, generation: number): void {
  inlet.newest = { ...inlet.newest, generation };
}

/**
 * Finds what a process said last.
 * @param inlet the pipe
 * @param generation of the process
 * @returns null when it said nothing here, or when two others have spoken here since
 */
export function lastWords({ newest, older }: Inlet, generation: number): LastBytes | null {
  if (newest.generation === generation) return newest.bytes;
  return older?.generation === generation ? older.bytes : null;
}
