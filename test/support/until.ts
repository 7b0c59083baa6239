const EVERY_MS = 20;
const LONGEST_MS = 20_000;

export interface UntilOptions {
  /** What is waited for, for the message. */
  readonly what: string;
  readonly timeoutMs?: number;
}

/**
 * Waits for a fact by looking again and again: the one place of the tests where time passes by itself.
 * @param look gives the fact, or something falsy or an error while it is not so yet
 * @param options what is waited for, and for how long at most
 * @returns what the last look gave
 * @throws Error that names what did not come, with the last error of `look` as its cause
 */
export async function until<T>(
  look: () => T | Promise<T>,
  { what, timeoutMs = LONGEST_MS }: UntilOptions,
): Promise<Exclude<T, false | null | undefined | '' | 0>> {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  do {
    try {
      const found = await look();
      if (found) return found as Exclude<T, false | null | undefined | '' | 0>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  } while (performance.now() < deadline);
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  throw new Error(`${what}: not within ${timeoutMs} ms${why}`, { cause });
}
