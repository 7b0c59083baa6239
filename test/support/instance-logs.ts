import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import type { LogsSpec } from '../../src/core/spec.ts';
import { createLogFanout } from '../../src/logs/fanout.ts';
import { createInstanceLogs, type InstanceLogs, type InstanceLogsOptions } from '../../src/logs/instance-logs.ts';
import { createSinkRegistry } from '../../src/logs/sink-registry.ts';
import * as pipes from '../../src/os/pipes.ts';

/**
 * Makes a folder that goes away with the test.
 * @returns absolute path
 */
export function testFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'promvisor-logs-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Instances that share sinks and fanout, as those of one daemon. */
export interface LogsBench {
  readonly folder: string;
  readonly fanout: InstanceLogsOptions['fanout'];
  /** What was reported through `onProblem`. */
  readonly problems: string[];
  /** Opens the logs of an instance; ids count from 0. Paths of `spec` are names in the folder. */
  open(spec?: Partial<LogsSpec>): Promise<InstanceLogs>;
  /** Text of a file of the folder. */
  read(name: string): string;
}

/**
 * Makes a bench in a folder of its own.
 * @param parts to replace: the clock, the sinks
 * @returns the bench
 */
export function logsBench(parts: Partial<Pick<InstanceLogsOptions, 'clock' | 'sinks'>> = {}): LogsBench {
  const folder = testFolder();
  const fanout = createLogFanout();
  const clock = parts.clock ?? systemClock;
  const sinks = parts.sinks ?? createSinkRegistry(clock);
  const problems: string[] = [];
  let nextId = 0;
  const inFolder = (name: string | null | undefined, fallback: string | null) => {
    const file = name === undefined ? fallback : name;
    return file === null ? null : path.resolve(folder, file);
  };

  return {
    folder,
    fanout,
    problems,
    async open(spec = {}) {
      const logs = createInstanceLogs({
        id: nextId++,
        slot: 0,
        app: 'web',
        runDir: folder,
        pipes,
        sinks,
        fanout,
        clock,
        onProblem: (message) => void problems.push(message),
        logs: {
          merge: true,
          dateFormat: null,
          type: 'plain',
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

export interface TestProgram {
  readonly pid: number;
  readonly exited: Promise<void>;
}

/**
 * Starts a shell line with its output on the pipes of an instance; it ends with the test.
 * @param logs of the instance
 * @param line for `sh -c`
 * @param env further variables
 * @returns the process; `exited` resolves after `drain`, as in the daemon
 */
export function startOn(logs: InstanceLogs, line: string, env: Readonly<Record<string, string>> = {}): TestProgram {
  const ends = logs.openForSpawn();
  const child = spawn('sh', ['-c', line], {
    stdio: ['ignore', ends.out, ends.error],
    env: { ...process.env, ...env },
    detached: true,
  });
  closeSync(ends.out);
  closeSync(ends.error);
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => {
      logs.drain();
      resolve();
    });
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('sh cannot be started');
  onTestFinished(() => {
    // The whole group, of which the shell is the leader.
    if (child.exitCode === null && child.signalCode === null) process.kill(-pid, 'SIGKILL');
  });
  return { pid, exited };
}

/**
 * Runs a shell line to its end on the pipes of an instance and waits until its lines are in the files.
 * @param logs of the instance
 * @param line for `sh -c`
 * @param env further variables
 */
export async function runOn(
  logs: InstanceLogs,
  line: string,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  await startOn(logs, line, env).exited;
  await logs.settled();
}
