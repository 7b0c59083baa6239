/** Gives the text of a moment as bytes. */
export type Stamp = (wallMs: number) => Buffer;

type Part = (date: Date) => string;

/** The tokens of day.js, and text in square brackets: https://day.js.org/docs/en/display/format */
const TOKEN = /\[([^\]]*)\]|YYYY|YY|MMMM|MMM|MM|M|DD|D|dddd|ddd|dd|d|HH|H|hh|h|A|a|mm|m|SSS|ss|s|ZZ|Z/g;

const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

const PARTS: Readonly<Record<string, Part>> = {
  YYYY: (date) => pad(date.getFullYear(), 4),
  YY: (date) => pad(date.getFullYear() % 100, 2),
  MMMM: (date) => MONTHS[date.getMonth()] ?? '',
  MMM: (date) => (MONTHS[date.getMonth()] ?? '').slice(0, 3),
  MM: (date) => pad(date.getMonth() + 1, 2),
  M: (date) => String(date.getMonth() + 1),
  DD: (date) => pad(date.getDate(), 2),
  D: (date) => String(date.getDate()),
  dddd: (date) => DAYS[date.getDay()] ?? '',
  ddd: (date) => (DAYS[date.getDay()] ?? '').slice(0, 3),
  dd: (date) => (DAYS[date.getDay()] ?? '').slice(0, 2),
  d: (date) => String(date.getDay()),
  HH: (date) => pad(date.getHours(), 2),
  H: (date) => String(date.getHours()),
  hh: (date) => pad(date.getHours() % 12 || 12, 2),
  h: (date) => String(date.getHours() % 12 || 12),
  A: (date) => (date.getHours() < 12 ? 'AM' : 'PM'),
  a: (date) => (date.getHours() < 12 ? 'am' : 'pm'),
  mm: (date) => pad(date.getMinutes(), 2),
  m: (date) => String(date.getMinutes()),
  SSS: (date) => pad(date.getMilliseconds(), 3),
  ss: (date) => pad(date.getSeconds(), 2),
  s: (date) => String(date.getSeconds()),
  ZZ: (date) => offset(date, ''),
  Z: (date) => offset(date, ':'),
};

/**
 * Makes a stamp for a pattern in local time. The latest text is kept: for a second, or for a millisecond when the
 * pattern shows them.
 * @param pattern in day.js tokens, for example `YYYY-MM-DDTHH:mm:ss`; other text stands for itself
 * @param suffix text behind every stamp
 * @returns the stamp; its bytes must not be changed
 */
export function createStamp(pattern: string, suffix: string): Stamp {
  const parts = parse(pattern);
  const grainMs = pattern.includes('SSS') ? 1 : 1000;
  let grain = Number.NaN;
  let bytes = Buffer.alloc(0);
  return (wallMs) => {
    const now = Math.floor(wallMs / grainMs);
    if (now === grain) return bytes;
    grain = now;
    const date = new Date(wallMs);
    bytes = Buffer.from(parts.map((part) => (typeof part === 'string' ? part : part(date))).join('') + suffix);
    return bytes;
  };
}

function parse(pattern: string): readonly (string | Part)[] {
  const parts: (string | Part)[] = [];
  let from = 0;
  for (const match of pattern.matchAll(TOKEN)) {
    parts.push(pattern.slice(from, match.index), match[1] ?? PARTS[match[0]] ?? match[0]);
    from = match.index + match[0].length;
  }
  parts.push(pattern.slice(from));
  return parts.filter((part) => part !== '');
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0');
}

function offset(date: Date, separator: string): string {
  const minutes = -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${pad(Math.floor(size / 60), 2)}${separator}${pad(size % 60, 2)}`;
}
