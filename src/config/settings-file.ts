import { replaceFile } from '../base/atomic-file.ts';
import { PromvisorError } from '../base/errors.ts';
import type { Home } from '../base/paths.ts';
import { givenIn, readSettingsFile, settingsFrom } from './settings.ts';
import type { SettingKey } from './settings-schema.ts';

type Content = Record<string, unknown>;

/**
 * Changes settings in the file of a home; what was in it before stays beside it as `settings.json.previous`.
 * @param home whose settings.json is written, or made
 * @param changes text as on a command line, by key; null takes the key out
 * @returns keys that were taken out and had not been there
 * @throws PromvisorError SETTINGS_INVALID for a value that cannot be; then nothing was written
 */
export async function changeSettings(
  home: Home,
  changes: ReadonlyMap<SettingKey, string | null>,
): Promise<readonly SettingKey[]> {
  const { settingsFile: file } = home;
  const before = (await readSettingsFile(file)) ?? {};
  if (!isObject(before)) throw new PromvisorError('SETTINGS_INVALID', `${file}: expected an object`);
  const after: Content = structuredClone(before);
  const missing: SettingKey[] = [];
  for (const [key, text] of changes) {
    if (!takeOut(after, key) && text === null) missing.push(key);
    if (text !== null) putIn(after, key, await settingValue(key, text));
  }
  await refuseMistakes(file, before, after);
  await replaceFile(file, `${JSON.stringify(after, null, 2)}\n`, true);
  return missing;
}

/** A mistake that was there before is no reason to refuse a change: it may be one of two that are mended. */
async function refuseMistakes(file: string, before: Content, after: Content): Promise<void> {
  const [old, fresh] = await Promise.all(
    [before, after].map(async (content) => {
      const problems: string[] = [];
      await settingsFrom(givenIn(content, file, problems), problems);
      return problems;
    }),
  );
  const mistakes = fresh?.filter((problem) => old?.includes(problem) !== true) ?? [];
  if (mistakes.length > 0) {
    throw new PromvisorError('SETTINGS_INVALID', mistakes.join('\n'), { details: { problems: mistakes } });
  }
}

/** Settings stand in groups, `loki.tls_ca` as { loki: { tls_ca } } or { loki: { tls: { ca } } }. */
function takeOut(content: Content, key: string): boolean {
  const [group = '', leaf] = key.split('.');
  if (leaf === undefined) return remove(content, group);
  const inGroup = content[group];
  if (!isObject(inGroup)) return false;
  const removed = [remove(inGroup, leaf)];
  for (const [name, below] of Object.entries(inGroup)) {
    if (!isObject(below) || !leaf.startsWith(`${name}_`)) continue;
    removed.push(remove(below, leaf.slice(name.length + 1)));
    if (Object.keys(below).length === 0) remove(inGroup, name);
  }
  if (Object.keys(inGroup).length === 0) remove(content, group);
  return removed.includes(true);
}

function remove(from: Content, key: string): boolean {
  return Object.hasOwn(from, key) && Reflect.deleteProperty(from, key);
}

function putIn(content: Content, key: string, value: unknown): void {
  const [group = '', leaf] = key.split('.');
  if (leaf === undefined) {
    content[group] = value;
    return;
  }
  const inGroup = content[group];
  content[group] = { ...(isObject(inGroup) ? inGroup : {}), [leaf]: value };
}

/** Written as a person would write it into the file, as far as the setting can be like that. */
async function settingValue(key: SettingKey, text: string): Promise<unknown> {
  const typed = typedValue(text);
  const { readSetting } = await import('./settings-schema.ts');
  return 'value' in readSetting(key, typed) ? typed : text;
}

function typedValue(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  if (/^\d{1,15}$/.test(text)) return Number(text);
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function isObject(value: unknown): value is Content {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
