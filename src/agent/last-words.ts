import { guarded } from './guard.ts';
import { followOutput, type Output, type PipeStream } from './output.ts';
import { createPipeWriter } from './pipe-writer.ts';
import { onExit } from './process-exit.ts';

const OUTPUTS = [
  [1, 'stdout'],
  [2, 'stderr'],
] as const;

/**
 * Saves what the app has printed and its asynchronous pipes have not taken when it dies by process.exit() or by an
 * error. Files and terminals are synchronous and left alone; a stream that the app never uses is not made.
 */
export function saveLastWords(): void {
  const outputs = new Map<number, Output>();
  for (const [fd, name] of OUTPUTS) {
    onFirstUse(name, (stream) => {
      // A child whose IPC channel is its stdout: what goes there is no text.
      if (stream._type !== 'pipe' || (process.channel as { readonly fd?: number } | undefined)?.fd === fd) return;
      if (outputs.size === 0) onExit(() => flush(outputs));
      outputs.set(fd, followOutput(stream));
    });
  }
}

function onFirstUse(name: 'stdout' | 'stderr', use: (stream: PipeStream) => void): void {
  const original = Object.getOwnPropertyDescriptor(process, name);
  const get = original?.get;
  if (get === undefined || original?.configurable !== true) return;
  Object.defineProperty(process, name, {
    ...original,
    get() {
      Object.defineProperty(process, name, original);
      const stream = get.call(process);
      guarded(use)(stream);
      return stream;
    },
  });
}

function flush(outputs: ReadonlyMap<number, Output>): void {
  const writer = createPipeWriter();
  for (const [fd, { handle, unwritten }] of outputs) {
    // Destroyed by the app, or by a reader that went away.
    if (handle === null) continue;
    let isSaved = true;
    for (const block of unwritten()) isSaved &&= writer.write(fd, block);
    // Node reports an uncaught error after this, by C functions that lose what a full pipe does not take at once.
    if (isSaved) handle.setBlocking?.(true);
  }
}
