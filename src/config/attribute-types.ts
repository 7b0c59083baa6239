import * as z from 'zod/mini';
import { BYTES_TEXT, DURATION_TEXT, parseBytes, parseDurationMs } from '../base/units.ts';
import { splitWords } from './words.ts';

/** Kinds of values that attributes of an app have, as a user writes them and as they are read. */

/** setTimeout takes at most 2^31-1 ms: https://nodejs.org/api/timers.html */
export const LONGEST_MS = 2 ** 31 - 1;
export const MOST_WORDS = 1000;
const LONGEST_TEXT = 32_768;

const NO_ZERO = /^[^\0]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: names stand in tables, logs and labels
const ONE_LINE = /^[^\u0000-\u001f\u007f]+$/;
const WHOLE_TEXT = /^\s*-?\d+\s*$/;

export const text = z.string().check(z.minLength(1), z.maxLength(LONGEST_TEXT), z.regex(NO_ZERO));
export const flag = z.union([
  z.boolean(),
  z.pipe(
    z.enum(['true', 'false']),
    z.transform((word) => word === 'true'),
  ),
]);
const piece = z.string().check(z.maxLength(LONGEST_TEXT), z.regex(/^[^\0]*$/));
const pieces = z.array(piece).check(z.maxLength(MOST_WORDS));
const listed = z
  .array(z.pipe(z.union([piece, z.number(), z.boolean()]), z.transform(String)))
  .check(z.maxLength(MOST_WORDS));
const line = z.pipe(
  z.string().check(z.maxLength(LONGEST_TEXT)),
  z.transform((written, { issues }) => {
    const split = splitWords(written);
    if (split === null) issues.push({ code: 'custom', input: written, message: 'a quote is not closed' });
    return split ?? [];
  }),
);
export const words = z.union([listed, z.pipe(line, pieces)]);
export const label = z.pipe(
  z.pipe(
    z.union([z.string(), z.number()]),
    z.transform((value) => String(value).trim()),
  ),
  z.string().check(
    z.minLength(1),
    z.maxLength(200),
    z.regex(ONE_LINE),
    z.refine((name) => name !== 'all'),
  ),
);

/** Text of a form that is read into a number, within bounds of its own; what `read` cannot read is none. */
function written<T extends z.ZodMiniType<number, number>>(
  form: RegExp,
  read: (text: string) => number | null,
  bounded: T,
) {
  const number = z.transform((text: string) => read(text) ?? Number.NaN);
  return z.pipe(z.pipe(z.string().check(z.regex(form)), number), bounded);
}

export function whole(least: number, most: number) {
  const bounded = z.int().check(z.gte(least), z.lte(most));
  return z.union([bounded, written(WHOLE_TEXT, Number, bounded)]);
}

export function duration(leastMs: number) {
  const bounded = z.number().check(z.gte(leastMs), z.lte(LONGEST_MS));
  return z.pipe(
    z.union([bounded, written(DURATION_TEXT, parseDurationMs, bounded)]),
    z.transform((ms) => Math.round(ms)),
  );
}

export const size = z.union([z.int().check(z.gte(0)), written(BYTES_TEXT, parseBytes, z.int())]);
/** Ages are no timers: no bound of setTimeout. */
const age = z.number().check(z.gte(0), z.lte(Number.MAX_SAFE_INTEGER));
export const longDuration = z.pipe(
  z.union([age, written(DURATION_TEXT, parseDurationMs, age)]),
  z.transform((ms) => Math.round(ms)),
);
export const compression = z.union([
  z.enum(['gzip', 'zstd']),
  z.pipe(
    flag,
    z.transform((on) => (on ? ('gzip' as const) : ('none' as const))),
  ),
]);
export const exitCode = whole(0, 255);
export const watchOptions = z.looseObject({
  usePolling: z.optional(flag),
  interval: z.optional(whole(1, LONGEST_MS)),
  ignored: z.optional(words),
});
