const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** PM2's habit: a unit is used from two of it on. */
const AGES: readonly (readonly [number, string])[] = [
  [365 * DAY_MS, 'Y'],
  [30 * DAY_MS, 'M'],
  [DAY_MS, 'D'],
  [HOUR_MS, 'h'],
  [MINUTE_MS, 'm'],
];

/**
 * An age in one short word.
 * @param ms milliseconds
 * @returns for example `119s`, `12m`, `3h`, `2D`
 */
export function age(ms: number): string {
  for (const [unitMs, unit] of AGES) if (ms >= 2 * unitMs) return `${Math.floor(ms / unitMs)}${unit}`;
  return `${Math.max(0, Math.floor(ms / SECOND_MS))}s`;
}

/**
 * A span for a sentence.
 * @param ms milliseconds
 * @returns for example `40 ms`, `1.2 s`, `8 s`, `3 min`, `2 h`
 */
export function span(ms: number): string {
  if (ms < SECOND_MS) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 10 * SECOND_MS) return `${Number((ms / SECOND_MS).toFixed(1))} s`;
  if (ms < 2 * MINUTE_MS) return `${Math.round(ms / SECOND_MS)} s`;
  if (ms < 2 * HOUR_MS) return `${Math.round(ms / MINUTE_MS)} min`;
  if (ms < 2 * DAY_MS) return `${Math.round(ms / HOUR_MS)} h`;
  return `${Math.round(ms / DAY_MS)} d`;
}

const SIZES = ['b', 'kb', 'mb', 'gb', 'tb'] as const;

/**
 * A size in PM2's way.
 * @param bytes number of bytes
 * @returns for example `48.4mb`
 */
export function size(bytes: number): string {
  let value = bytes;
  let index = 0;
  while (value >= 1024 && index < SIZES.length - 1) {
    value /= 1024;
    index++;
  }
  return `${index === 0 ? value : value.toFixed(1)}${SIZES[index]}`;
}

/**
 * A share of one core.
 * @param ratio 1 = one core
 * @returns for example `0.3%`, `120%`
 */
export function percent(ratio: number): string {
  const value = ratio * 100;
  return `${value >= 100 ? Math.round(value) : Number(value.toFixed(1))}%`;
}

/**
 * Local time of day.
 * @param atMs Unix milliseconds
 * @returns `HH:mm:ss`
 */
export function timeOfDay(atMs: number): string {
  const date = new Date(atMs);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':');
}

/**
 * Local date and time.
 * @param atMs Unix milliseconds
 * @returns `YYYY-MM-DD HH:mm:ss`
 */
export function dateTime(atMs: number): string {
  const date = new Date(atMs);
  const day = [date.getFullYear(), twoDigits(date.getMonth() + 1), twoDigits(date.getDate())].join('-');
  return `${day} ${timeOfDay(atMs)}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
