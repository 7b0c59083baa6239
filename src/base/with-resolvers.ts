/**
 * A promise that others settle, as Promise.withResolvers() of Node 22 has it.
 * @returns the promise and what fulfils it; more calls do nothing
 */
export function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
