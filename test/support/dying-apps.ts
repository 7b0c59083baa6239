import { spawn } from 'node:child_process';
import { closeSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { AGENT_VARIABLE } from '../../src/base/agent-protocol.ts';
import { makeFifos, openForChild, openForReading } from '../../src/os/pipes.ts';
import { testFolder } from './instance-logs.ts';
import { killQuietly } from './processes.ts';

/** How the output of an app reaches its parent: as the daemon does it, or as child_process does. */
export type Channel = 'named pipe' | 'socket pair';

export interface DyingOptions {
  readonly channel: Channel;
  readonly kind: 'cjs' | 'mjs';
  /** False for a reader that never reads. */
  readonly reads?: boolean;
}

/** What is left of an app. */
export interface Remains {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs an app to its end under the agent, without a daemon, and reads all that it prints.
 * @param agent path of the preload
 * @param source of the app
 * @param options how its output is read
 * @returns its end
 */
export async function runToDeath(agent: string, source: string, options: DyingOptions): Promise<Remains> {
  const folder = testFolder();
  const script = path.join(folder, `app.${options.kind}`);
  writeFileSync(script, source);
  const pipes = ['out', 'err'].map((name) => path.join(folder, name));
  const isNamed = options.channel === 'named pipe';
  if (isNamed) await makeFifos(pipes);
  const ends = isNamed ? pipes.map(openForChild) : (['pipe', 'pipe'] as const);
  const variable = JSON.stringify({ socket: path.join(folder, 'none.sock'), id: 0, generation: 0 });
  const child = spawn(process.execPath, ['--require', agent, script], {
    stdio: ['ignore', ...ends],
    env: { ...process.env, [AGENT_VARIABLE]: variable },
  });
  onTestFinished(() => killQuietly(child.pid ?? 0));
  const readers = isNamed
    ? pipes.map((pipe) => new net.Socket({ fd: openForReading(pipe), readable: true, writable: false }))
    : [child.stdout, child.stderr];
  for (const end of ends) if (typeof end === 'number') closeSync(end);
  const code = new Promise<number | null>((resolve) => child.on('exit', resolve));
  if (options.reads === false) await code;
  const [stdout = '', stderr = ''] = await Promise.all(readers.map((reader) => readAll(reader)));
  return { code: await code, stdout, stderr };
}

async function readAll(reader: NodeJS.ReadableStream | null): Promise<string> {
  let text = '';
  if (reader === null) return text;
  reader.setEncoding('utf8');
  for await (const part of reader) text += part;
  return text;
}
