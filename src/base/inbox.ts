/**
 * A queue that hands its events to one taker, one at a time, never re-entrant: what is posted while an event is
 * being taken waits for its turn.
 * @param take what is done with an event; a throw is the caller's defect and goes to `onDefect`, the rest goes on
 * @param onDefect told of a throw
 * @returns post
 */
export function createInbox<E>(take: (event: E) => void, onDefect: (error: unknown) => void): (event: E) => void {
  const waiting: E[] = [];
  let taking = false;
  return function post(event) {
    waiting.push(event);
    if (taking) return;
    taking = true;
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      try {
        take(next);
      } catch (error) {
        onDefect(error);
      }
    }
    taking = false;
  };
}
