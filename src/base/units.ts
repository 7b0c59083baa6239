/** Texts that `parseBytes` reads: "200M", "1.5G", "500K", "1048576". */
export const BYTES_TEXT = /^\s*(\d+(?:\.\d+)?)\s*([kKmMgG]?)[bB]?\s*$/;
/** Texts that `parseDurationMs` reads: "14d", "1h", "5m", "10s", "250ms", "250". */
export const DURATION_TEXT = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?\s*$/;

const BYTES_PER: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 };
const MS_PER: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Reads a size.
 * @param text a number with K, M or G (powers of 1024) or without (bytes)
 * @returns whole bytes, or null when the text is no size
 */
export function parseBytes(text: string): number | null {
  const [, digits, unit] = BYTES_TEXT.exec(text) ?? [];
  const factor = BYTES_PER[unit?.toUpperCase() ?? ''];
  if (digits === undefined || factor === undefined) return null;
  const bytes = Math.floor(Number(digits) * factor);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/**
 * Reads a duration.
 * @param text a number with ms, s, m, h or d, or without (milliseconds)
 * @returns whole milliseconds, or null when the text is no duration
 */
export function parseDurationMs(text: string): number | null {
  const [, digits, unit] = DURATION_TEXT.exec(text) ?? [];
  const factor = MS_PER[unit ?? 'ms'];
  if (digits === undefined || factor === undefined) return null;
  const ms = Math.round(Number(digits) * factor);
  return Number.isSafeInteger(ms) ? ms : null;
}
