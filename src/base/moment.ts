const MS_PER: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const RELATIVE = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d|w))+$/;
const RELATIVE_PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g;
const UNIX_SECONDS = /^\d{1,11}(?:\.\d{1,9})?$/;
const UNIX_MS = /^\d{12,14}$/;
/** RFC 3339, with the parts at the end left out as people do. */
const DATE = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?)?$/i;

/** Texts that `parseMoment` reads, in words for people. */
export const MOMENT_WORDS = 'a time such as 10m, 2h, 3d, "2026-11-25 14:00", 2026-11-25T14:00:00Z or Unix seconds';

/**
 * Reads a moment.
 * @param text how long ago (`10m`, `1h30m`, `3d`), a date with or without time (local unless it has a zone), or Unix
 * seconds (milliseconds from 12 digits on)
 * @param nowMs Unix milliseconds
 * @returns Unix milliseconds, or null when the text is no moment
 */
export function parseMoment(text: string, nowMs: number): number | null {
  const given = text.trim();
  if (UNIX_MS.test(given)) return Number(given);
  if (UNIX_SECONDS.test(given)) return Number(given) * 1000;
  if (RELATIVE.test(given)) return nowMs - durationMs(given);
  return parseDate(given);
}

function durationMs(text: string): number {
  let sum = 0;
  for (const [, digits, unit] of text.matchAll(RELATIVE_PART)) sum += Number(digits) * (MS_PER[unit ?? ''] ?? 0);
  return sum;
}

function parseDate(text: string): number | null {
  const [whole, year, month, day, hour = '00', minute = '00', second = '00', fraction = '', zone] =
    DATE.exec(text) ?? [];
  if (whole === undefined) return null;
  const clock = `${hour}:${minute}:${second}`;
  // The calendar is asked in UTC, where every hour of every day is there: it would take the 31st of February.
  const calendar = new Date(`${year}-${month}-${day}T${clock}Z`);
  if (Number.isNaN(calendar.getTime()) || calendar.toISOString().slice(0, 19) !== `${year}-${month}-${day}T${clock}`)
    return null;
  const at = Date.parse(`${year}-${month}-${day}T${clock}${zone === undefined ? '' : zoneOf(zone)}`);
  return Number.isNaN(at) ? null : at + Number(`0.${fraction || '0'}`) * 1000;
}

/** As Date.parse takes it: `+02` and `+0200` are `+02:00`. */
function zoneOf(zone: string): string {
  if (zone.toUpperCase() === 'Z') return 'Z';
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  return `${zone.slice(0, 1)}${digits.slice(0, 2)}:${digits.slice(2)}`;
}
