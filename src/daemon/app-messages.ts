import type { Clock } from '../base/clock.ts';
import type { Instance } from './instance.ts';

/** What an app has said with process.send. */
export interface AppMessage {
  readonly instance: Instance;
  /** Unix ms. */
  readonly atMs: number;
  readonly message: unknown;
}

/** Hands on what apps say to whoever listens; nobody does as a rule. */
export interface AppMessages {
  take(instance: Instance, message: unknown): void;
  /** True while somebody listens. */
  wanted(): boolean;
  /** @returns ends it */
  subscribe(listener: (message: AppMessage) => void): () => void;
}

export interface AppMessagesOptions {
  readonly clock: Clock;
  /** The first listener has come, or the last one gone: what is far away need not be sent here before. */
  readonly onWanted: (isWanted: boolean) => void;
}

/** @param options clock, and who is told when it matters */
export function createAppMessages({ clock, onWanted }: AppMessagesOptions): AppMessages {
  const listeners = new Set<(message: AppMessage) => void>();
  return {
    take(instance, message) {
      if (listeners.size === 0) return;
      const said = { instance, atMs: clock.wallMs(), message };
      for (const listen of [...listeners]) listen(said);
    },
    wanted: () => listeners.size > 0,
    subscribe(listener) {
      // One function may listen twice.
      const own = (said: AppMessage) => listener(said);
      listeners.add(own);
      if (listeners.size === 1) onWanted(true);
      return () => {
        if (listeners.delete(own) && listeners.size === 0) onWanted(false);
      };
    },
  };
}
