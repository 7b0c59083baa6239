/** Node keeps up to 48 MB of young objects before it looks for garbage: a daemon that idles for weeks needs one. */
const SMALL_YOUNG_SPACE = '--max-semi-space-size=1';
/**
 * V8 compiles for speed what runs in short bursts: that took the daemon more CPU than it saved, and 3 to 8 MB, most of
 * them the compilers' own code. With twenty to sixty times the default (bytes of bytecode that a function runs, or calls
 * of it) only what is busy for long is compiled. By Node's major version, as Node refuses to start with a flag that it
 * does not know.
 */
const COMPILE_LATER: Readonly<Record<string, readonly string[]>> = {
  20: ['--interrupt-budget=4000000'],
  22: ['--invocation-count-for-maglev=8000', '--invocation-count-for-turbofan=60000'],
  24: ['--invocation-count-for-maglev=8000', '--invocation-count-for-turbofan=60000'],
};

/** For the Node that runs the daemon, which is the one that runs the command. */
export const DAEMON_NODE_FLAGS: readonly string[] = [
  SMALL_YOUNG_SPACE,
  ...(COMPILE_LATER[process.versions.node.split('.')[0] ?? ''] ?? []),
];

/** Blocks of C from this size on are kept apart: see `os/heap.ts`. */
export const APART_BYTES = 128 * 1024;
/** The same said to the C library (glibc) for all that is freed before: half a megabyte of the start. */
export const DAEMON_ENV: Readonly<Record<string, string>> = { MALLOC_MMAP_THRESHOLD_: String(APART_BYTES) };

/** For a file that outlives the Node it was written with: any Node takes these. The daemon sets the others itself. */
export const LASTING_NODE_FLAGS: readonly string[] = [SMALL_YOUNG_SPACE];
