import { guarded } from './guard.ts';

/** What process.exit() calls last; others (signal-exit, nyc) replace it too. */
interface ProcessInternals {
  readonly _exiting?: boolean;
  reallyExit(code?: number): never;
}

type Emit = (...args: readonly unknown[]) => boolean;

/**
 * Calls back when the process ends by itself, by process.exit() or by an uncaught error, after all that the app does
 * for its 'exit' event: there is no listener of ours to be counted or to come too early.
 * @param callback called once
 */
export function onExit(callback: () => void): void {
  let isOver = false;
  const inside = process as unknown as ProcessInternals;
  const finish = guarded(() => {
    // An app may emit 'exit' itself and live on.
    if (isOver || inside._exiting === false) return;
    isOver = true;
    callback();
  });

  const own = Object.hasOwn(process, 'emit') ? (process.emit as Emit) : null;
  const emitAndFinish = function (this: unknown, ...args: readonly unknown[]): boolean {
    // Looked up each time: node:domain replaces it in the prototype.
    const emit = own ?? (Object.getPrototypeOf(process) as { readonly emit: Emit }).emit;
    if (args[0] !== 'exit') return Reflect.apply(emit, this, args);
    try {
      return Reflect.apply(emit, this, args);
    } finally {
      finish();
    }
  };
  Object.defineProperty(process, 'emit', { value: emitAndFinish, writable: true, configurable: true });

  // A listener for 'exit' that calls process.exit() never gives control back to the above.
  const { reallyExit } = inside;
  inside.reallyExit = function exitAtLast(code) {
    finish();
    return Reflect.apply(reallyExit, this, [code]);
  };
}
