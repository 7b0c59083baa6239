/** Lines that were made before, as long as what they were made from is the same: most of a scrape is as the last one. */
export interface LineCache<Owner extends object> {
  /**
   * @param owner whose lines they are; they go when it goes
   * @param input everything that decides the lines
   * @param make makes them when the input is another than before
   */
  lines(owner: Owner, input: string, make: () => readonly string[]): string;
}

export function createLineCache<Owner extends object>(): LineCache<Owner> {
  const known = new WeakMap<Owner, { readonly input: string; readonly lines: string }>();
  return {
    lines(owner, input, make) {
      const present = known.get(owner);
      if (present?.input === input) return present.lines;
      // join makes one flat string; a concatenated one would be a tree of its parts, ten times the size.
      const lines = make().join('');
      known.set(owner, { input, lines });
      return lines;
    },
  };
}
