import { PromvisorError } from '../../base/errors.ts';
import { makeHome } from '../../base/home.ts';
import { changeSettings } from '../../config/settings-file.ts';
import type { SettingKey } from '../../config/settings-schema.ts';
import { type CliContext, type ExitCode, reader, say, writeJson } from '../context.ts';
import { pingIfAny } from '../daemon-process.ts';
import { renderSettings } from '../render/settings.ts';
import { settingNamed } from '../setting-names.ts';
import { settingViews } from '../setting-views.ts';

/**
 * `get [KEY]`: settings as the next daemon finds them; secrets are masked unless one is asked for by name.
 * @param context of the command
 * @param operands a key, or nothing for all
 * @returns 0
 * @throws PromvisorError USAGE, NOT_FOUND, NOT_SUPPORTED, SETTINGS_INVALID
 */
export async function getCommand(context: CliContext, operands: readonly string[]): Promise<ExitCode> {
  const [word, ...more] = operands;
  if (more.length > 0) throw new PromvisorError('USAGE', `get: expected one key or none, got "${operands.join(' ')}"`);
  if (word === undefined) {
    const views = await settingViews(context);
    if (context.json) writeJson(context, Object.fromEntries(views.map(({ key, value }) => [key, value])));
    else context.terminal.out(renderSettings(views, context.terminal.paint));
    return 0;
  }
  const key = settingNamed(word);
  const view = (await settingViews(context, new Set([key]))).find((one) => one.key === key);
  if (context.json) writeJson(context, { [key]: view?.value ?? '' });
  else context.terminal.out(`${view?.value ?? ''}\n`);
  return 0;
}

/**
 * `set [KEY VALUE]`: writes a setting into settings.json; shows all without operands.
 * @param context of the command
 * @param operands key and value
 * @returns 0
 * @throws PromvisorError USAGE, NOT_FOUND, NOT_SUPPORTED, SETTINGS_INVALID
 */
export async function setCommand(context: CliContext, operands: readonly string[]): Promise<ExitCode> {
  if (operands.length === 0) return getCommand(context, []);
  if (operands.length !== 2) {
    throw new PromvisorError('USAGE', `set: expected a key and a value, got "${operands.join(' ')}"`);
  }
  return change(context, operands);
}

/**
 * `multiset "KEY VALUE KEY VALUE"`: several settings at once, all or none.
 * @param context of the command
 * @param operands pairs, in one word or in several
 * @returns 0
 * @throws PromvisorError as `set`
 */
export async function multisetCommand(context: CliContext, operands: readonly string[]): Promise<ExitCode> {
  const words = operands.flatMap((operand) => operand.split(/\s+/)).filter((word) => word !== '');
  if (words.length === 0 || words.length % 2 !== 0) {
    throw new PromvisorError(
      'USAGE',
      `multiset: expected pairs such as "logs.retain 5 autosave false", got "${operands.join(' ')}"`,
    );
  }
  return change(context, words);
}

/**
 * `conf [KEY [VALUE]]`: `get` or `set`.
 * @param context of the command
 * @param operands nothing, a key, or a key and its value
 * @returns 0
 * @throws PromvisorError as these
 */
export function confCommand(context: CliContext, operands: readonly string[]): Promise<ExitCode> {
  return operands.length < 2 ? getCommand(context, operands) : setCommand(context, operands);
}

/**
 * `unset KEY...`: takes settings out of settings.json, so that their defaults hold.
 * @param context of the command
 * @param operands keys
 * @returns 0
 * @throws PromvisorError USAGE, NOT_FOUND, NOT_SUPPORTED, SETTINGS_INVALID
 */
export async function unsetCommand(context: CliContext, operands: readonly string[]): Promise<ExitCode> {
  if (operands.length === 0) throw new PromvisorError('USAGE', 'unset: expected a key, got nothing');
  return write(context, new Map(operands.map((word) => [settingNamed(word), null])));
}

function change(context: CliContext, words: readonly string[]): Promise<ExitCode> {
  const changes = new Map<SettingKey, string>();
  for (let at = 0; at + 1 < words.length; at += 2) changes.set(settingNamed(words[at] ?? ''), words[at + 1] ?? '');
  return write(context, changes);
}

async function write(context: CliContext, changes: ReadonlyMap<SettingKey, string | null>): Promise<ExitCode> {
  makeHome(context.home);
  const missing = new Set(await changeSettings(context.home, changes));
  const views = (await settingViews(context)).filter(({ key }) => changes.has(key as SettingKey));
  if (context.json) writeJson(context, Object.fromEntries(views.map(({ key, value }) => [key, value])));
  for (const { key, value, from } of views) {
    const note = missing.has(key as SettingKey) ? ', as before' : '';
    say(context, `${key} = ${value === '' ? '-' : value}${note}${overruled(context, from)}`);
  }
  if ((await pingIfAny(reader(context))) !== null) {
    say(context, 'the daemon takes it up when it is started anew: promvisor update (the apps run on)');
  }
  return 0;
}

/** A variable of this shell wins over the file, for a daemon that this shell starts. */
function overruled({ home }: CliContext, from: string | null): string {
  return from === null || from === home.settingsFile ? '' : ` (from ${from}, which wins over ${home.settingsFile})`;
}
