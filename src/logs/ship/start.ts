import { gzipSync } from 'node:zlib';
import type { Answer } from './answer.ts';
import { createSender, pushUrl, type Target } from './sender.ts';
import { type Shipper, type ShipperOptions, startShipper } from './shipper.ts';

const TEST_LINE = 'promvisor loki test';

export interface Shipping {
  /** Where pushes go, without credentials. */
  readonly url: string;
  readonly shipper: Shipper;
  /** Sends one line, once. */
  test(): Promise<ShipTest>;
}

export interface ShipTest {
  readonly answer: Answer;
  readonly durationMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly line: string;
}

/**
 * Starts to ship. This module and undici behind it are loaded by daemons that ship, and by no other.
 * @param target where to, and as whom
 * @param options files and limits
 * @throws Error when a TLS file cannot be used
 */
export async function startShipping(target: Target, options: Omit<ShipperOptions, 'sender'>): Promise<Shipping> {
  const sender = await createSender(target);
  const shipper = startShipper({ ...options, sender });
  return {
    url: pushUrl(target.url),
    shipper,
    async test() {
      const { clock } = options;
      const labels = { ...options.labels, app: 'promvisor', namespace: 'default', stream: 'test' };
      const ns = String(BigInt(clock.wallMs()) * 1_000_000n);
      const body = gzipSync(JSON.stringify({ streams: [{ stream: labels, values: [[ns, TEST_LINE]] }] }));
      const startedAtMs = clock.nowMs();
      const answer = await sender.push(body, new AbortController().signal);
      return { answer, durationMs: clock.nowMs() - startedAtMs, labels, line: TEST_LINE };
    },
  };
}
