import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import type { LogsSpec } from '../../src/core/spec.ts';
import { createLogFanout } from '../../src/logs/fanout.ts';
import { createInstanceLogs, type InstanceLogs, type InstanceLogsOptions } from '../../src/logs/instance-logs.ts';
import { createRhythm } from '../../src/logs/rhythm.ts';
import type { LogSink } from '../../src/logs/sink.ts';
import { createSinkRegistry, type SinkRegistry } from '../../src/logs/sink-registry.ts';
import * as pipes from '../../src/os/pipes.ts';
import { AS_SET } from './fleet-source.ts';

/**
 * Makes a folder that goes away with the test.
 * @returns absolute path
 */
export function testFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'promvisor-logs-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * Shell text that waits for a file, or for the end of the test: then the folder of the file is gone.
 * @param file absolute path in a folder of the test
 */
export function waitFor(file: string): string {
  return `until [ -e "${file}" ] || [ ! -d "${path.dirname(file)}" ]; do sleep 0.01; done`;
}

/** Instances that share sinks and fanout, as those of one daemon. */
export interface LogsBench {
  readonly folder: string;
  readonly fanout: InstanceLogsOptions['fanout'];
  /** What was reported through `onProblem`. */
  readonly problems: string[];
  /** Opens the logs of an instance; ids count from 0. Paths of `spec` are names in the folder. */
  open(spec?: Partial<LogsSpec>): Promise<InstanceLogs>;
  /** Streams that had a file rolled, in order. */
  readonly rolled: string[];
  /** Text of a file of the folder. */
  read(name: string): string;
}

/**
 * Makes a bench in a folder of its own.
 * @param parts to replace: the clock, the sinks, the pipes, what the app says about its files
 * @returns the bench
 */
export function logsBench(
  parts: Partial<Pick<InstanceLogsOptions, 'clock' | 'sinks' | 'roll' | 'pipes'>> = {},
): LogsBench {
  const folder = testFolder();
  const fanout = createLogFanout();
  const clock = parts.clock ?? systemClock;
  const sinks = parts.sinks ?? createSinkRegistry(clock);
  const problems: string[] = [];
  const rolled: string[] = [];
  const rhythm = createRhythm(clock);
  let nextId = 0;
  const inFolder = (name: string | null | undefined, fallback: string | null) => {
    const file = name === undefined ? fallback : name;
    return file === null ? null : path.resolve(folder, file);
  };

  return {
    folder,
    fanout,
    problems,
    rolled,
    async open(spec = {}) {
      const logs = createInstanceLogs({
        id: nextId++,
        slot: 0,
        app: 'web',
        createdAtMs: 1_700_000_000_000,
        runDir: folder,
        pipes: parts.pipes ?? pipes,
        sinks,
        fanout,
        rhythm,
        clock,
        onProblem: (message) => void problems.push(message),
        ...(parts.roll === undefined ? {} : { roll: parts.roll }),
        onRolled: (stream) => void rolled.push(stream),
        logs: {
          merge: true,
          dateFormat: null,
          type: 'plain',
          roll: AS_SET,
          loki: { enabled: true, labels: {} },
          ...spec,
          outFile: inFolder(spec.outFile, 'out.log'),
          errorFile: inFolder(spec.errorFile, 'error.log'),
          combinedFile: inFolder(spec.combinedFile, null),
        },
      });
      onTestFinished(() => logs.close());
      await logs.open();
      return logs;
    },
    read: (name) => readFileSync(path.join(folder, name), 'utf8'),
  };
}

/**
 * Makes a registry whose sinks take what they are given and ask to wait, until they are let go.
 * @returns the registry, and what its sinks were given
 */
export function stuckSinks(): SinkRegistry & { readonly taken: Buffer[]; letGo(): void } {
  const taken: Buffer[] = [];
  let waiting: (() => void)[] = [];
  let stuck = true;
  const sink: LogSink = {
    write(chunk) {
      taken.push(Buffer.from(chunk));
      return !stuck;
    },
    onDrain: (callback) => void waiting.push(callback),
    bytesWritten: () => 0,
    close: async () => {},
  };
  return {
    ...createSinkRegistry(systemClock),
    acquire: () => sink,
    taken,
    letGo() {
      stuck = false;
      const callbacks = waiting;
      waiting = [];
      for (const callback of callbacks) callback();
    },
  };
}

export interface TestProgram {
  readonly pid: number;
  readonly generation: number;
  readonly exited: Promise<void>;
}

/** One count for all instances: a generation has to be new, not the next. */
let newestGeneration = 0;

/**
 * Starts a shell line with its output on the pipes of an instance; it ends with the test.
 * @param logs of the instance
 * @param line for `sh -c`
 * @param env further variables
 * @returns the process, a generation of its own; `exited` resolves after `drain`, as in the daemon
 */
export function startOn(logs: InstanceLogs, line: string, env: Readonly<Record<string, string>> = {}): TestProgram {
  const generation = ++newestGeneration;
  const ends = logs.openForSpawn(generation);
  const child = spawn('sh', ['-c', line], {
    stdio: ['ignore', ends.out, ends.error],
    env: { ...process.env, ...env },
    detached: true,
  });
  closeSync(ends.out);
  closeSync(ends.error);
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => {
      logs.drain(generation);
      resolve();
    });
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('sh cannot be started');
  onTestFinished(() => {
    // The whole group, of which the shell is the leader.
    if (child.exitCode === null && child.signalCode === null) process.kill(-pid, 'SIGKILL');
  });
  return { pid, generation, exited };
}

/**
 * Runs a shell line to its end on the pipes of an instance and waits until its lines are in the files.
 * @param logs of the instance
 * @param line for `sh -c`
 * @param env further variables
 * @returns the process that was
 */
export async function runOn(
  logs: InstanceLogs,
  line: string,
  env: Readonly<Record<string, string>> = {},
): Promise<TestProgram> {
  const program = startOn(logs, line, env);
  await program.exited;
  await logs.settled();
  return program;
}
