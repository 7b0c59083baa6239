import { availableParallelism } from 'node:os';
import type { Home } from '../../base/paths.ts';
import { appOfPm2 } from '../../config/pm2-attributes.ts';
import { resolveApps } from '../../config/resolve.ts';
import type { AppSpec } from '../../core/spec.ts';
import { isObject, textOf } from './requests.ts';

/** Variables that are PM2's own, and not the app's. */
const OF_PM2 = /^(?:PM2_|unique_id$)/;

/**
 * Reads what PM2's client asks to start: an app in PM2's words, with the whole environment of the client.
 * @param asked the argument of `prepare`
 * @param home where logs go by default
 * @returns the app
 * @throws PromvisorError CONFIG_INVALID, TypeError when it is no app at all
 */
export async function specOf(asked: unknown, home: Home): Promise<AppSpec> {
  const name = textOf(asked, 'name');
  const script = textOf(asked, 'pm_exec_path');
  // It has a text field.
  const attributes = asked as Readonly<Record<string, unknown>>;
  const app = {
    ...appOfPm2(attributes),
    name,
    ...(typeof attributes['namespace'] === 'string' ? { namespace: attributes['namespace'] } : {}),
    ...(attributes['instances'] === undefined ? {} : { instances: attributes['instances'] }),
    ...(typeof attributes['merge_logs'] === 'boolean' ? { merge_logs: attributes['merge_logs'] } : {}),
    ...fileOf(attributes, 'pm_out_log_path', 'out_file'),
    ...fileOf(attributes, 'pm_err_log_path', 'error_file'),
    ...fileOf(attributes, 'pm_log_path', 'log_file'),
  };
  const { apps } = await resolveApps(
    { apps: [app] },
    {
      source: "PM2's socket",
      configFile: null,
      cwd: typeof attributes['pm_cwd'] === 'string' ? attributes['pm_cwd'] : home.root,
      env: variablesOf(attributes['env'], name),
      envName: null,
      only: null,
      cpus: availableParallelism(),
      home,
      overrides: {},
    },
  );
  const [spec] = apps;
  if (spec === undefined) throw new TypeError(`${name}: nothing came of ${script}`);
  return spec;
}

function fileOf(attributes: Readonly<Record<string, unknown>>, key: string, ours: string): Record<string, string> {
  const file = attributes[key];
  return typeof file === 'string' ? { [ours]: file } : {};
}

/** PM2's client adds a variable named as the app, for modules. */
function variablesOf(env: unknown, app: string): Record<string, string> {
  if (!isObject(env)) return {};
  const kept = Object.entries(env).filter(([name, value]) => {
    return !OF_PM2.test(name) && !(name === app && (value === '{}' || isObject(value)));
  });
  return Object.fromEntries(kept.flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])));
}
