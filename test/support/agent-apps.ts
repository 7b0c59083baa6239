import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { AGENT_VARIABLE } from '../../src/base/agent-protocol.ts';
import { TELEMETRY_GROUPS } from '../../src/base/agent-telemetry.ts';
import { type AgentDaemon, agentDaemon } from './agent-daemon.ts';
import { testFolder } from './instance-logs.ts';
import { killQuietly, MARK, markedProcesses } from './processes.ts';
import { until } from './until.ts';

/** How an app ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A Node app with the agent in it. */
export interface AgentApp {
  readonly pid: number;
  readonly child: ChildProcess;
  /** What it has printed to stdout so far. */
  stdout(): string;
  /** Waits for its end and for all of its output. */
  readonly ended: Promise<Ended>;
  /** Waits until it prints `<word> <text>`, and gives the text. */
  untilSays(word: string): Promise<string>;
}

export interface StartOptions {
  /** Extension of the script, which says what kind of module it is. */
  readonly kind?: 'cjs' | 'mjs' | 'ts';
  /** Arguments for Node; that of the agent comes first. */
  readonly nodeArgs?: readonly string[];
  /** Value of the variable; null for none. */
  readonly variable?: string | null;
  readonly env?: Readonly<Record<string, string>>;
  /** False: without a channel of child_process, so that the agent offers its own. */
  readonly ipc?: boolean;
  /** How the agent is preloaded. */
  readonly preload?: readonly string[];
}

/** A folder with an agent socket, a daemon on it, and apps. */
export interface AgentBench {
  readonly folder: string;
  readonly daemon: AgentDaemon;
  /** What the daemon puts into the variable. */
  readonly variable: string;
  /** Writes a file into the folder, which is the working directory of the apps. */
  write(name: string, content: string): void;
  /** Writes a script and starts it under the agent; it ends with the test. */
  start(source: string, options?: StartOptions): AgentApp;
}

/**
 * Makes a bench for the running test. Whatever its apps start ends with it too.
 * @param agent path of the preload
 * @returns the bench
 */
export async function agentBench(agent: string): Promise<AgentBench> {
  const folder = testFolder();
  const socket = path.join(folder, 'agent.sock');
  const daemon = await agentDaemon(socket);
  const snapshot = path.join(folder, 'snapshot');
  const variable = JSON.stringify({
    socket,
    id: 7,
    generation: 3,
    telemetry: TELEMETRY_GROUPS,
    snapshot,
    channel: true,
  });
  onTestFinished(() => {
    for (const pid of markedProcesses(folder)) killQuietly(pid);
  });
  let scripts = 0;
  return {
    folder,
    daemon,
    variable,
    write: (name, content) => writeFileSync(path.join(folder, name), content),
    start(source, options = {}) {
      const script = path.join(folder, `app-${scripts++}.${options.kind ?? 'cjs'}`);
      writeFileSync(script, source);
      const value = options.variable === undefined ? variable : options.variable;
      const env = {
        ...process.env,
        ...options.env,
        [MARK]: folder,
        ...(value === null ? {} : { [AGENT_VARIABLE]: value }),
      };
      const preload = options.preload ?? ['--require', agent];
      const channel = options.ipc === false ? [] : (['ipc'] as const);
      const argv = [...preload, ...(options.nodeArgs ?? []), script];
      return appOf(spawn(process.execPath, argv, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe', ...channel] }));
    },
  };
}

function appOf(child: ChildProcess): AgentApp {
  const { pid } = child;
  if (pid === undefined) throw new Error('Node could not be started');
  onTestFinished(() => killQuietly(pid));
  const text = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (part: string) => {
    text.stdout += part;
  });
  child.stderr?.setEncoding('utf8').on('data', (part: string) => {
    text.stderr += part;
  });
  return {
    pid,
    child,
    stdout: () => text.stdout,
    ended: new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, ...text }))),
    untilSays(word) {
      const look = () => {
        const said = new RegExp(`^${word} (.+)$`, 'm').exec(text.stdout)?.[1];
        if (said !== undefined) return said;
        throw new Error(`it said ${JSON.stringify(text)}`);
      };
      return until(look, { what: `"${word}"` });
    },
  };
}
