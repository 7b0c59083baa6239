import { SECRET_KEYS } from '../config/loki-settings.ts';
import { givenInEnv, givenInFile, SETTING_DEFAULTS, SETTING_KEYS } from '../config/settings.ts';
import type { SettingKey } from '../config/settings-schema.ts';
import type { CliContext } from './context.ts';
import type { SettingView } from './render/settings.ts';

const MASK = '******';
const IN_BYTES: ReadonlySet<string> = new Set(['log.max_size', 'logs.max_size', 'logs.max_total', 'loki.rate']);
const UNITS: readonly (readonly [number, string])[] = [
  [1024 ** 3, 'G'],
  [1024 ** 2, 'M'],
  [1024, 'K'],
];

/**
 * What every setting is, as the next daemon will find it.
 * @param context of the command
 * @param shown keys whose secrets are shown
 * @returns all settings
 * @throws PromvisorError SETTINGS_INVALID when the file is no JSON
 */
export async function settingViews(
  { home, env }: Pick<CliContext, 'home' | 'env'>,
  shown: ReadonlySet<string> = new Set(),
): Promise<readonly SettingView[]> {
  // Keys that there are not are told by the daemon, and by `set`.
  const given = new Map([...(await givenInFile(home, [])), ...givenInEnv(env)].map((one) => [one.key, one]));
  return SETTING_KEYS.map((key) => {
    const { value = SETTING_DEFAULTS[key], from = null } = given.get(key) ?? {};
    const text = textOf(key, value);
    return { key, value: SECRET_KEYS.has(key) && text !== '' && !shown.has(key) ? MASK : text, from };
  });
}

/** A value as it can be given to `set`. */
function textOf(key: SettingKey, value: unknown): string {
  if (key === 'http.listen' && typeof value === 'object' && value !== null && 'host' in value && 'port' in value) {
    return `${String(value.host)}:${String(value.port)}`;
  }
  if (typeof value === 'number' && IN_BYTES.has(key)) return sizeText(value);
  if (typeof value !== 'object' || value === null) return value === null ? 'off' : String(value);
  const text = JSON.stringify(value);
  return text === '{}' || text === '[]' ? '' : text;
}

function sizeText(bytes: number): string {
  const unit = UNITS.find(([factor]) => bytes >= factor && bytes % factor === 0);
  return unit === undefined ? String(bytes) : `${bytes / unit[0]}${unit[1]}`;
}
