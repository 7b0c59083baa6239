import type { Transition } from '../core/states.ts';
import type { Instance } from './instance.ts';

export type TransitionListener = (instance: Instance, transition: Transition, atMs: number) => void;

/** Where every transition is published, once; log, metrics, flight recorder and waiting commands listen. */
export interface Bus {
  publish: TransitionListener;
  /** @returns a function that ends the subscription */
  subscribe(listener: TransitionListener): () => void;
}

export function createBus(): Bus {
  const listeners = new Set<TransitionListener>();
  return {
    publish(instance, transition, atMs) {
      for (const listener of listeners) listener(instance, transition, atMs);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
