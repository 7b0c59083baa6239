import * as z from 'zod/mini';
import { parseBytes, parseDurationMs } from '../base/units.ts';
import type { Compression } from '../core/spec.ts';
import { LOKI_SCHEMAS } from './loki-schema.ts';
import type { LokiValues } from './loki-settings.ts';

/** Where the read-only listener binds; port 0 takes a free one. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Every setting of the daemon, by its name in messages and documents. */
export interface SettingValues extends LokiValues {
  readonly autosave: boolean;
  readonly native_calls: boolean;
  readonly 'http.listen': ListenAddress | null;
  readonly 'http.expose_env': boolean;
  readonly 'http.pm2_metrics': boolean;
  readonly 'metrics.pss': boolean;
  readonly 'pm2.api': boolean;
  readonly 'log.level': string;
  readonly 'log.max_size': number;
  readonly 'log.retain': number;
  readonly 'logs.max_size': number;
  readonly 'logs.frequency': string;
  readonly 'logs.retain': number;
  readonly 'logs.max_age': number;
  readonly 'logs.compress': Compression;
  readonly 'logs.max_total': number;
}

export type SettingKey = keyof SettingValues;

const LISTEN_TEXT = /^(?:\[([0-9a-fA-F:.%\w]+)\]|([^\s:[\]/]*)):(\d{1,5})$/;
/** What `:9209` means, as with Prometheus' own flags: every address of the host. */
const EVERY_ADDRESS = '0.0.0.0';
const HIGHEST_PORT = 65_535;
const SMALLEST_LOG_BYTES = 1024;
const MOST_ROLLED = 1000;
/** Of an app's stream. */
const MOST_KEPT = 10_000;

const bytes = z.union([
  z.number(),
  z.pipe(
    z.string(),
    z.transform((text) => parseBytes(text)),
  ),
]);

function count(most: number) {
  return z.pipe(
    z.union([z.number(), z.pipe(z.string().check(z.regex(/^\d+$/)), z.transform(Number))]),
    z.int().check(z.gte(0), z.lte(most)),
  );
}

const SWITCH = {
  type: z.union([
    z.boolean(),
    z.pipe(
      z.enum(['true', 'false']),
      z.transform((word) => word === 'true'),
    ),
  ]),
  expected: 'true or false',
};

const SCHEMAS = {
  ...LOKI_SCHEMAS,
  autosave: SWITCH,
  native_calls: SWITCH,
  'http.listen': {
    type: z.pipe(
      z.string().check(z.refine((text) => listenOf(text) !== undefined)),
      z.transform((text) => listenOf(text) ?? null),
    ),
    expected: '"host:port", ":port", "[IPv6 address]:port" or "off"',
  },
  'http.expose_env': SWITCH,
  'http.pm2_metrics': SWITCH,
  'metrics.pss': SWITCH,
  'pm2.api': SWITCH,
  'log.level': {
    type: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    expected: 'trace, debug, info, warn, error, fatal or silent',
  },
  'log.max_size': {
    type: z.pipe(bytes, z.int().check(z.gte(SMALLEST_LOG_BYTES))),
    expected: `bytes or a size such as "10M", at least ${SMALLEST_LOG_BYTES}`,
  },
  'log.retain': { type: count(MOST_ROLLED), expected: `a whole number from 0 to ${MOST_ROLLED}` },
  'logs.max_size': {
    type: z.pipe(bytes, z.int().check(z.gte(0))),
    expected: 'bytes or a size such as "100M", 0 for any',
  },
  'logs.frequency': {
    type: z
      .string()
      .check(z.refine((text) => ['none', 'hourly', 'daily'].includes(text) || text.trim().split(/\s+/).length >= 5)),
    expected: 'none, hourly, daily or a cron pattern',
  },
  'logs.retain': { type: count(MOST_KEPT), expected: `a whole number from 0 to ${MOST_KEPT}` },
  'logs.max_age': {
    type: z.pipe(
      z.union([
        z.number(),
        z.pipe(
          z.string(),
          z.transform((text) => parseDurationMs(text)),
        ),
      ]),
      z.int().check(z.gte(0)),
    ),
    expected: 'milliseconds or a duration such as "14d", 0 for none',
  },
  'logs.compress': {
    type: z.pipe(
      z.union([z.boolean(), z.enum(['true', 'false', 'none', 'gzip', 'zstd'])]),
      z.transform((word) => compressionOf(String(word))),
    ),
    expected: 'true, false, gzip or zstd',
  },
  'logs.max_total': {
    type: z.pipe(bytes, z.int().check(z.gte(0))),
    expected: 'bytes or a size such as "2G", 0 for any',
  },
} satisfies {
  readonly [K in SettingKey]: { readonly type: z.ZodMiniType<SettingValues[K]>; readonly expected: string };
};

/**
 * Reads one setting.
 * @param key its name with a dot
 * @param value from JSON, or text from the environment
 * @returns the value read, or what was expected instead
 */
export function readSetting<K extends SettingKey>(
  key: K,
  value: unknown,
): { readonly value: SettingValues[K] } | { readonly expected: string } {
  const { type, expected } = SCHEMAS[key];
  const read = type.safeParse(value);
  return read.success ? { value: read.data as SettingValues[K] } : { expected }; // SCHEMAS satisfies it key by key
}

/** The address, null for "off", undefined for any other text. */
function listenOf(text: string): ListenAddress | null | undefined {
  if (text === 'off') return null;
  const [, bracketed, plain, digits] = LISTEN_TEXT.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > HIGHEST_PORT) return undefined;
  return { host: bracketed ?? (plain || EVERY_ADDRESS), port };
}

function compressionOf(word: string): Compression {
  if (word === 'true') return 'gzip';
  return word === 'gzip' || word === 'zstd' ? word : 'none';
}
