import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { fixture } from './cli.ts';

const MB = 1024 * 1024;

/** What the process says of itself, again and again. */
interface Told {
  readonly rss: number;
  readonly sentEntries: number;
  readonly droppedEntries: Readonly<Record<string, number>>;
  readonly retries: Readonly<Record<string, number>>;
  readonly pendingBytes: number;
}

export interface ChildShipper {
  readonly told: Told[];
  kill(): Promise<void>;
  end(): Promise<number | null>;
}

export interface ShipArguments {
  readonly url: string;
  readonly folder: string;
  readonly logs: readonly { readonly live: string; readonly app: string }[];
  readonly labels: Readonly<Record<string, string>>;
  readonly rate: number;
  readonly timeoutMs: number;
}

/**
 * Starts a process that does nothing but ship log files to Loki.
 * @param given what it ships, and where to
 * @returns a handle on it; it ends with the test at the latest
 */
export function startShipper(given: ShipArguments): ChildShipper {
  // With the flag that daemons are started with.
  const child: ChildProcess = spawn(
    process.execPath,
    ['--max-semi-space-size=1', fixture('ships.cjs'), JSON.stringify(given)],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const ended = once(child, 'close');
  const told: Told[] = [];
  const lines = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> });
  lines.on('line', (line) => told.push(JSON.parse(line) as Told));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return {
    told,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async end() {
      child.stdin?.end();
      const [code] = (await ended) as [number | null];
      return code;
    },
  };
}

/** By how much the largest of them grew. */
export const growthMb = (children: readonly ChildShipper[]) =>
  Math.max(...children.map(({ told }) => Math.max(...told.map(({ rss }) => rss)) - (told[0]?.rss ?? 0))) / MB;
