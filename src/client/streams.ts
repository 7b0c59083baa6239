/**
 * Iterates over what a daemon streams, until somebody ends it: that is no failure, and everything else is.
 * @param ends any of them ends it
 * @param open opens the stream, which `end` closes
 * @returns to iterate over once; leaving the loop closes the stream
 */
export async function* untilAborted<T>(
  ends: readonly (AbortSignal | undefined)[],
  open: (end: AbortSignal) => AsyncIterable<T>,
): AsyncGenerator<T, void, void> {
  const leaving = new AbortController();
  const end = AbortSignal.any([leaving.signal, ...ends.filter((signal) => signal !== undefined)]);
  if (end.aborted) return;
  try {
    yield* open(end);
  } catch (error) {
    if (!end.aborted) throw error;
  } finally {
    leaving.abort();
  }
}
