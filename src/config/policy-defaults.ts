/** Not PM2's 3 s: there an app that is late counts as started, here it has failed. A file of its own: readers load no schema. */
export const LISTEN_TIMEOUT_MS = 30_000;
