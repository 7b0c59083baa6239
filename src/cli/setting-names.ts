import { nearestWord } from '../base/did-you-mean.ts';
import { PromvisorError } from '../base/errors.ts';
import { SETTING_KEYS } from '../config/settings.ts';
import type { SettingKey } from '../config/settings-schema.ts';

/** What pm2-logrotate does is done by the daemon itself: its keys mean settings of ours. */
const OF_LOGROTATE: Readonly<Record<string, SettingKey>> = {
  max_size: 'logs.max_size',
  retain: 'logs.retain',
  compress: 'logs.compress',
  rotateInterval: 'logs.frequency',
};
const LOGROTATE = 'pm2-logrotate';

/**
 * Finds the setting that a word of the command line means.
 * @param word `logs.retain`, or a key of PM2's log module: `pm2-logrotate:retain`
 * @returns its name
 * @throws PromvisorError NOT_SUPPORTED for the keys of PM2's other modules and of apps, NOT_FOUND for any other word
 */
export function settingNamed(word: string): SettingKey {
  const found = SETTING_KEYS.find((key) => key === word);
  if (found !== undefined) return found;
  const [, module, key = ''] = /^([\w-]+)[:.](.+)$/.exec(word) ?? [];
  if (module === LOGROTATE) return ofLogrotate(key);
  if (word.includes(':')) {
    throw new PromvisorError(
      'NOT_SUPPORTED',
      `${word}: promvisor has no modules; a variable of an app stands in its config file under env, or: NAME=value promvisor restart ${module ?? 'APP'} --update-env`,
    );
  }
  const meant = nearestWord(word, SETTING_KEYS);
  const hint = meant === null ? `expected one of ${SETTING_KEYS.join(', ')}` : `did you mean "${meant}"?`;
  throw new PromvisorError('NOT_FOUND', `no setting "${word}"; ${hint}`);
}

function ofLogrotate(key: string): SettingKey {
  const found = Object.hasOwn(OF_LOGROTATE, key) ? OF_LOGROTATE[key] : undefined;
  if (found !== undefined) return found;
  throw new PromvisorError(
    'NOT_SUPPORTED',
    `${LOGROTATE}:${key}: promvisor rolls logs itself and has no counterpart; it has ${Object.keys(OF_LOGROTATE).join(', ')}, and logs.max_age, logs.max_total`,
  );
}
