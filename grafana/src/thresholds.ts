import { ThresholdsConfigBuilder, ThresholdsMode } from '@grafana/grafana-foundation-sdk/dashboard';

/** A colour, and the value from which it is right; the first has none. */
export type Steps = readonly [first: string, ...others: (readonly [color: string, from: number])[]];

/** For figures of which no value is bad. */
export const NEUTRAL: Steps = ['blue'];
/** One is too many. */
export const NONE_WANTED: Steps = ['green', ['red', 1]];
export const FEW_WANTED: Steps = ['green', ['orange', 1], ['red', 5]];
/** Of a limit beyond which something breaks: 80 % is near, 90 % is what the alerts say. */
export const OF_LIMIT: Steps = ['green', ['orange', 0.8], ['red', 0.9]];
/** Of requests that fail: 1 % is seen, 5 % is what the alerts say. */
export const OF_REQUESTS: Steps = ['green', ['orange', 0.01], ['red', 0.05]];
/** An event loop that is late by 100 ms is felt by users; by 500 ms it is sick. */
export const LOOP_LAG: Steps = ['green', ['orange', 0.1], ['red', 0.5]];
/** Busy part of a single thread. */
export const OF_THREAD: Steps = ['green', ['orange', 0.7], ['red', 0.9]];
/** 1 is good. */
export const UP: Steps = ['red', ['green', 1]];

export function thresholds([first, ...others]: Steps): ThresholdsConfigBuilder {
  const steps = others.map(([color, value]) => ({ color, value }));
  // Null is how the JSON writes minus infinity.
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([{ color: first, value: null }, ...steps]);
}
