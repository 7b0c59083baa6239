/**
 * Makes a function that cannot hurt the app it runs in: what it throws is dropped, as there is nobody to tell.
 * @param work any function
 * @returns the same, without its result and its errors
 */
export function guarded<A extends readonly unknown[]>(work: (...args: A) => unknown): (...args: A) => void {
  return (...args) => {
    try {
      work(...args);
    } catch {
      // The app must not die of its agent.
    }
  };
}
