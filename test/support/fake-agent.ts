import net from 'node:net';
import { onTestFinished } from 'vitest';
import type { FromAgent, ToAgent } from '../../src/base/agent-protocol.ts';
import { until } from './until.ts';

/** The app's end of the agent socket, and nothing else of an app. */
export interface FakeAgent {
  /** All that the daemon has said. */
  readonly heard: readonly ToAgent[];
  untilHeard(count: number): Promise<readonly ToAgent[]>;
  say(message: FromAgent): void;
  /** Writes any text. */
  sayRaw(text: string): void;
  closed(): boolean;
}

/**
 * Connects to a daemon's agent socket until the test ends.
 * @param path absolute path of the socket
 * @param hello who it says it is; null for one that says nothing
 */
export async function fakeAgent(
  path: string,
  hello: { readonly id: number; readonly generation: number; readonly pid: number } | null,
): Promise<FakeAgent> {
  const heard: ToAgent[] = [];
  let rest = '';
  let closed = false;
  const socket = net.connect({ path });
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) heard.push(JSON.parse(line) as ToAgent); // the daemon says nothing else
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    closed = true;
  });
  onTestFinished(() => void socket.destroy());
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
  const sayRaw = (text: string) => void socket.write(text);
  const say = (message: FromAgent) => sayRaw(`${JSON.stringify(message)}\n`);
  if (hello !== null) say({ type: 'hello', protocol: 1, ...hello });
  return {
    heard,
    untilHeard: (count) => until(() => (heard.length >= count ? heard : null), { what: `${count} questions` }),
    say,
    sayRaw,
    closed: () => closed,
  };
}
