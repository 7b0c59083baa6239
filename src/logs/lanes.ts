import path from 'node:path';
import { begin, goOn, type Inlet, lastWords } from './inlet.ts';
import type { LastBytes } from './last-bytes.ts';
import type { PipeCalls } from './pump.ts';
import type { StreamName } from './record.ts';
import type { LogStream } from './stream.ts';

/** Absolute paths of the named pipes of one process. */
export interface PipePaths {
  readonly out: string;
  readonly error: string;
}

/**
 * The lanes of an instance. A lane is a pipe for each stream that one process at a time writes to, so that no line is
 * made of two processes' halves. The first is enough for an app that is restarted; a reload, with two processes alive
 * at once, needs the second.
 */
export interface Lanes {
  /** Makes the pipes of the first lane and starts reading. */
  open(): Promise<void>;
  prepareSecond(): Promise<void>;
  /** The lane of a process: the one it has, else the first free one, which then is its own. */
  take(generation: number): PipePaths;
  /** Gives a process of another daemon the lane that it writes to, by the path of its pipe for stdout, if that is known. */
  adopt(generation: number, out: string | null): Promise<void>;
  /** Reads the lane of a process to its end; then it is free. */
  leave(generation: number): void;
  /** Null when nothing is known to be said by this process. */
  lastWords(stream: StreamName, generation: number): LastBytes | null;
  /** Leaves the pipes to the next daemon. */
  hold(): void;
  /** Reads what is left, writes it, closes, removes the pipes. */
  close(): Promise<void>;
}

export interface LanesOptions {
  readonly id: number;
  /** Directory of the named pipes. */
  readonly runDir: string;
  readonly pipes: PipeCalls;
  readonly streams: Readonly<Record<StreamName, LogStream>>;
  readonly onProblem: (message: string) => void;
}

interface Lane {
  readonly paths: PipePaths;
  readonly out: Inlet;
  readonly error: Inlet;
  /** Of the process that was given this lane last. */
  generation: number;
  /** True from `take` to `leave`. */
  taken: boolean;
}

/**
 * Makes the lanes of an instance.
 * @param options the instance, where its pipes lie, and the streams they feed
 * @returns with one lane, not opened
 */
export function createLanes({ id, runDir, pipes, streams, onProblem }: LanesOptions): Lanes {
  const first = newLane(pathsOf(runDir, `${id}`));
  const lanes = [first];
  let second: Promise<void> | null = null;
  let closed = false;

  function newLane(paths: PipePaths): Lane {
    const out = streams.out.addInlet(paths.out);
    const error = streams.error.addInlet(paths.error);
    out.sibling = error;
    error.sibling = out;
    return { paths, out, error, generation: 0, taken: false };
  }

  async function makeSecond(): Promise<void> {
    const paths = pathsOf(runDir, `${id}.b`);
    await pipes.makeFifos([paths.out, paths.error]);
    // Closed meanwhile: `close` waits for this and removes the pipes.
    if (closed) return;
    const lane = newLane(paths);
    lanes.push(lane);
    takeRests(lane);
    start(lane);
  }

  /** Before anything more of the line can be read. */
  function takeRests({ out, error }: Lane): void {
    out.takeRest();
    error.takeRest();
  }

  async function prepareSecond(): Promise<void> {
    if (closed) return;
    second ??= makeSecond();
    try {
      await second;
    } catch (error) {
      // The next reload tries again.
      second = null;
      throw error;
    }
  }

  function take(generation: number): PipePaths {
    const lane = lanes.find((one) => one.taken && one.generation === generation) ?? claim(generation);
    // A pipe that could not be read before may be whole again.
    start(lane);
    return lane.paths;
  }

  function claim(generation: number): Lane {
    const lane = lanes.find(({ taken }) => !taken) ?? shared(generation);
    lane.generation = generation;
    lane.taken = true;
    begin(lane.out, generation);
    begin(lane.error, generation);
    return lane;
  }

  /** Better two writers in one pipe than an app that cannot start; it does not happen while every exit is told. */
  function shared(generation: number): Lane {
    const lane = lanes.reduce((oldest, one) => (one.generation < oldest.generation ? one : oldest));
    onProblem(`${lane.paths.out}: process ${generation} shares the pipe with process ${lane.generation}`);
    return lane;
  }

  async function close(): Promise<void> {
    closed = true;
    await second?.catch(() => {
      // Told to whoever asked for the second lane.
    });
    await Promise.all([streams.out.close(), streams.error.close()]);
    const [a, b] = [pathsOf(runDir, `${id}`), pathsOf(runDir, `${id}.b`)];
    pipes.removeFifos([a.out, a.error, b.out, b.error]);
  }

  return {
    async open() {
      await pipes.makeFifos([first.paths.out, first.paths.error]);
      takeRests(first);
      start(first);
    },
    prepareSecond,
    take,
    async adopt(generation, out) {
      if (out === pathsOf(runDir, `${id}.b`).out) await prepareSecond();
      const own = lanes.find(({ paths, taken }) => paths.out === out && !taken);
      if (own === undefined) return void take(generation);
      own.generation = generation;
      own.taken = true;
      goOn(own.out, generation);
      goOn(own.error, generation);
    },
    leave(generation) {
      const lane = lanes.find((one) => one.generation === generation);
      if (lane === undefined) return;
      lane.out.pump.drain();
      lane.error.pump.drain();
      lane.taken = false;
    },
    lastWords(stream, generation) {
      for (const lane of lanes) {
        const words = lastWords(lane[stream], generation);
        if (words !== null) return words;
      }
      return null;
    },
    hold() {
      for (const { out, error } of lanes) {
        out.leave();
        error.leave();
      }
    },
    close,
  };
}

function pathsOf(runDir: string, name: string): PipePaths {
  return { out: path.join(runDir, `${name}.out`), error: path.join(runDir, `${name}.err`) };
}

function start(lane: Lane): void {
  lane.out.pump.start();
  lane.error.pump.start();
}
