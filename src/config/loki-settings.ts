import { accessSync, constants } from 'node:fs';

/** A secret as it is, or the file that has it. */
type Secret = { readonly value: string } | { readonly file: string };

/** Where the lines of the apps are shipped to. */
export interface LokiSettings {
  /** Without credentials. */
  readonly url: string;
  readonly tenant: string | null;
  readonly basic: { readonly user: string; readonly password: Secret } | null;
  readonly bearer: Secret | null;
  readonly tls: {
    readonly ca: string | null;
    readonly cert: string | null;
    readonly key: string | null;
    readonly insecureSkipVerify: boolean;
  };
  readonly labels: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  /** Names of the apps whose lines are shipped; null for all. */
  readonly apps: readonly string[] | null;
  /** Over all streams; 0 for no limit. */
  readonly bytesPerSecond: number;
  readonly maxAgeMs: number;
  readonly timeoutMs: number;
  readonly structuredMetadata: boolean;
  readonly instanceLabel: boolean;
}

/** The settings below `loki.` as they are written; an empty text is one that is not set. */
export interface LokiValues {
  readonly 'loki.url': string;
  readonly 'loki.tenant': string;
  readonly 'loki.user': string;
  readonly 'loki.password': string;
  readonly 'loki.password_file': string;
  readonly 'loki.token': string;
  readonly 'loki.token_file': string;
  readonly 'loki.tls_ca': string;
  readonly 'loki.tls_cert': string;
  readonly 'loki.tls_key': string;
  readonly 'loki.tls_insecure_skip_verify': boolean;
  readonly 'loki.labels': Record<string, string>;
  readonly 'loki.headers': Record<string, string>;
  readonly 'loki.apps': string[];
  readonly 'loki.rate': number;
  readonly 'loki.max_age': number;
  readonly 'loki.timeout': number;
  readonly 'loki.structured_metadata': boolean;
  readonly 'loki.instance_label': boolean;
}

export const LOKI_DEFAULTS: LokiValues = {
  'loki.url': '',
  'loki.tenant': '',
  'loki.user': '',
  'loki.password': '',
  'loki.password_file': '',
  'loki.token': '',
  'loki.token_file': '',
  'loki.tls_ca': '',
  'loki.tls_cert': '',
  'loki.tls_key': '',
  'loki.tls_insecure_skip_verify': false,
  'loki.labels': {},
  'loki.headers': {},
  'loki.apps': [],
  // Below what a Loki takes from a tenant by default, 4 MB/s.
  'loki.rate': 3 * 1024 * 1024,
  // reject_old_samples_max_age of a Loki by default.
  'loki.max_age': 7 * 24 * 3600_000,
  'loki.timeout': 10_000,
  'loki.structured_metadata': true,
  'loki.instance_label': false,
};

/** Values that no message shows: they are secret, or may have a secret in them. */
export const SECRET_KEYS: ReadonlySet<string> = new Set(['loki.url', 'loki.password', 'loki.token', 'loki.headers']);

/**
 * Puts the settings of Loki together.
 * @param values each well formed
 * @param problems gets a sentence for each contradiction
 * @returns null when nothing is to be shipped
 */
export function lokiSettingsOf(values: LokiValues, problems: string[]): LokiSettings | null {
  if (values['loki.url'] === '') return null;
  const url = new URL(values['loki.url']);
  const given = {
    user: values['loki.user'] || decodeURIComponent(url.username),
    password: values['loki.password'] || decodeURIComponent(url.password),
  };
  url.username = '';
  url.password = '';
  const password = secretOf('loki.password', given.password, values['loki.password_file'], problems);
  const bearer = secretOf('loki.token', values['loki.token'], values['loki.token_file'], problems);
  const { user } = given;
  if (user !== '' && password === null)
    problems.push('loki.user: expected loki.password or loki.password_file with it');
  if (user === '' && password !== null) problems.push('loki.password: expected loki.user with it');
  if (password !== null && bearer !== null) problems.push('loki.token: expected no loki.password beside it');
  const { 'loki.tls_cert': cert, 'loki.tls_key': key } = values;
  if ((cert === '') !== (key === ''))
    problems.push('loki.tls_cert: expected loki.tls_key with it, and the other way round');
  for (const name of ['loki.tls_ca', 'loki.tls_cert', 'loki.tls_key'] as const) checkFile(name, values[name], problems);
  return {
    url: url.href,
    tenant: values['loki.tenant'] || null,
    basic: user === '' || password === null ? null : { user, password },
    bearer,
    tls: {
      ca: values['loki.tls_ca'] || null,
      cert: cert || null,
      key: key || null,
      insecureSkipVerify: values['loki.tls_insecure_skip_verify'],
    },
    labels: values['loki.labels'],
    headers: values['loki.headers'],
    apps: values['loki.apps'].length === 0 ? null : values['loki.apps'],
    bytesPerSecond: values['loki.rate'],
    maxAgeMs: values['loki.max_age'],
    timeoutMs: values['loki.timeout'],
    structuredMetadata: values['loki.structured_metadata'],
    instanceLabel: values['loki.instance_label'],
  };
}

function secretOf(name: string, value: string, file: string, problems: string[]): Secret | null {
  if (value !== '' && file !== '') problems.push(`${name}: expected no ${name}_file beside it`);
  if (value !== '') return { value };
  return file === '' ? null : { file };
}

/** What is read once, at the start. */
function checkFile(name: string, file: string, problems: string[]): void {
  if (file === '') return;
  try {
    accessSync(file, constants.R_OK);
  } catch {
    problems.push(`${name}: expected a file that can be read, got ${JSON.stringify(file)}`);
  }
}
