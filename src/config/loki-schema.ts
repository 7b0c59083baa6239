import path from 'node:path';
import * as z from 'zod/mini';
import { parseBytes, parseDurationMs } from '../base/units.ts';
import type { LokiValues } from './loki-settings.ts';

/** Loki takes 15 labels a stream: app, namespace, stream, host and instance_id are ours. */
const MOST_LABELS = 10;
const LONGEST_LABEL_BYTES = 2048;
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const OWN_LABELS = ['app', 'namespace', 'stream', 'instance_id'];
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** They say what a push is. */
const OWN_HEADERS = ['content-type', 'content-encoding', 'content-length', 'host', 'transfer-encoding'];
const LONGEST_MS = 2 ** 31 - 1;

const text = z.string().check(z.minLength(1), z.maxLength(10_000), z.regex(/^[^\0\r\n]+$/));
const absolute = text.check(z.refine((file) => path.isAbsolute(file)));
const flag = z.union([
  z.boolean(),
  z.pipe(
    z.enum(['true', 'false']),
    z.transform((word) => word === 'true'),
  ),
]);
const words = z.union([
  z.array(text),
  z.pipe(
    text,
    z.transform((line) =>
      line
        .split(',')
        .map((word) => word.trim())
        .filter((word) => word !== ''),
    ),
  ),
]);
const amount = z.union([z.number(), z.pipe(text, z.transform(parseBytes))]);
const duration = z.union([z.number(), z.pipe(text, z.transform(parseDurationMs))]);

/** Names and values: an object, or `a=b,c=d` in a variable. */
function pairs(most: number, isRight: (name: string, value: string) => boolean) {
  const record = z.record(z.string(), z.pipe(z.union([z.string(), z.number(), z.boolean()]), z.transform(String)));
  return z.pipe(z.union([record, z.pipe(text, z.transform(pairsOf))]), z.record(z.string(), z.string())).check(
    z.refine((given) => Object.keys(given).length <= most),
    z.refine((given) => Object.entries(given).every(([name, value]) => isRight(name, value))),
  );
}

function pairsOf(line: string): Record<string, string> {
  const parts = line.split(',').filter((part) => part.trim() !== '');
  return Object.fromEntries(
    parts.map((part) => {
      const at = part.indexOf('=');
      // Without a name it is refused as one that is no label.
      return at < 0 ? ['', part] : [part.slice(0, at).trim(), part.slice(at + 1).trim()];
    }),
  );
}

const isLabel = (name: string, value: string) =>
  LABEL_NAME.test(name) &&
  !name.startsWith('__') &&
  !OWN_LABELS.includes(name) &&
  value !== '' &&
  Buffer.byteLength(value) <= LONGEST_LABEL_BYTES;
const isHeader = (name: string, value: string) =>
  HEADER_NAME.test(name) && HEADER_VALUE.test(value) && !OWN_HEADERS.includes(name.toLowerCase());

export const LABELS = pairs(MOST_LABELS, isLabel);
export const LABELS_EXPECTED = `at most ${MOST_LABELS} labels of letters, digits and _ with a text each, other than ${OWN_LABELS.join(', ')}`;

const PATH = 'an absolute path';
const FLAG = 'true or false';
const TEXT = 'a text on one line';

/** Everything below `loki.`. */
export const LOKI_SCHEMAS = {
  'loki.url': { type: text.check(z.refine(isHttpUrl)), expected: 'an address such as "http://loki:3100"' },
  'loki.tenant': { type: text, expected: TEXT },
  'loki.user': { type: text.check(z.regex(/^[^:]+$/)), expected: 'a name without ":"' },
  'loki.password': { type: text, expected: TEXT },
  'loki.password_file': { type: absolute, expected: PATH },
  'loki.token': { type: text, expected: TEXT },
  'loki.token_file': { type: absolute, expected: PATH },
  'loki.tls_ca': { type: absolute, expected: PATH },
  'loki.tls_cert': { type: absolute, expected: PATH },
  'loki.tls_key': { type: absolute, expected: PATH },
  'loki.tls_insecure_skip_verify': { type: flag, expected: FLAG },
  'loki.labels': { type: LABELS, expected: LABELS_EXPECTED },
  'loki.headers': {
    type: pairs(50, isHeader),
    expected: `headers with a text each, other than ${OWN_HEADERS.join(', ')}`,
  },
  'loki.apps': { type: words, expected: 'names of apps: a list, or a text with commas' },
  'loki.rate': {
    type: z.pipe(amount, z.int().check(z.gte(0))),
    expected: 'bytes a second or a size such as "3M", 0 for no limit',
  },
  'loki.max_age': {
    type: z.pipe(duration, z.int().check(z.gte(1000))),
    expected: 'milliseconds or a duration such as "168h", at least 1 s',
  },
  'loki.timeout': {
    type: z.pipe(duration, z.int().check(z.gte(100), z.lte(LONGEST_MS))),
    expected: 'milliseconds or a duration such as "10s", at least 100 ms',
  },
  'loki.structured_metadata': { type: flag, expected: FLAG },
  'loki.instance_label': { type: flag, expected: FLAG },
} satisfies {
  readonly [K in keyof LokiValues]: { readonly type: z.ZodMiniType<LokiValues[K]>; readonly expected: string };
};

function isHttpUrl(value: string): boolean {
  return URL.canParse(value) && /^https?:\/\//i.test(value);
}
