import type { Paint } from '../render/style.ts';

/** What is drawn on. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly nowMs: number;
  readonly paint: Paint;
}
