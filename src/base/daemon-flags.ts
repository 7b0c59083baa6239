/** Node keeps up to 48 MB of young objects before it looks for garbage: a daemon that idles for weeks needs one. */
const SMALL_YOUNG_SPACE = '--max-semi-space-size=1';
/**
 * V8 compiles for speed what runs in short bursts: that took the daemon more CPU than it saved, and 4 MB. With sixty
 * times the default (bytes of bytecode that a function runs) only what is busy for long is compiled. Node 22 and later
 * have no such flag, refuse to start with it, and gain nothing from what they have in its place.
 */
const COMPILE_LATER = '--interrupt-budget=4000000';

/** For the Node that runs the daemon, which is the one that runs the command. */
export const DAEMON_NODE_FLAGS: readonly string[] = process.versions.node.startsWith('20.')
  ? [SMALL_YOUNG_SPACE, COMPILE_LATER]
  : [SMALL_YOUNG_SPACE];

/** What `os/heap.ts` says to the C library (glibc), for all that is freed before: half a megabyte of the start. */
export const DAEMON_ENV: Readonly<Record<string, string>> = { MALLOC_MMAP_THRESHOLD_: '131072' };

/** For a file that outlives the Node it was written with: any Node takes these. The daemon sets the others itself. */
export const LASTING_NODE_FLAGS: readonly string[] = [SMALL_YOUNG_SPACE];
