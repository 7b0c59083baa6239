/**
 * Monotonic time, without the half megabyte that `performance` costs an app that does not use it.
 * @returns milliseconds since some point in the past
 */
export function nowMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}
