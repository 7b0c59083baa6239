import { createRequire } from 'node:module';
import path from 'node:path';
import type * as Koffi from 'koffi';

/**
 * The C library of the system, for the few calls that Node does not make. `koffi` is an optional dependency: where it
 * is not installed, or has no build for the platform, whoever asks does without.
 * @see https://koffi.dev
 */
export interface Libc {
  /** A function by its C prototype. Throws where the library has none of the name. */
  func(prototype: string): (...args: readonly unknown[]) => unknown;
  /** Memory of the process as a buffer: the caller sees to it that it stays mapped. */
  view(pointer: unknown, bytes: number): Buffer;
}

let loaded: Libc | null | undefined;

/**
 * Loads it, once.
 * @returns null where it is not to be had
 */
export function loadLibc(): Libc | null {
  if (loaded === undefined) loaded = load();
  return loaded;
}

function load(): Libc | null {
  if (process.platform !== 'linux') return null;
  try {
    // Native code is in no bundle.
    const require = createRequire(path.join(import.meta.dirname, 'libc.js'));
    const koffi = require('koffi') as typeof Koffi;
    const library = koffi.load(null);
    return {
      func: (prototype) => library.func(prototype) as ReturnType<Libc['func']>,
      view: (pointer, bytes) => Buffer.from(koffi.view(pointer, bytes)),
    };
  } catch {
    return null;
  }
}
