import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Reporter } from './findings.ts';
import { type Data, isData, plainValue } from './shapes.ts';
import { show } from './show.ts';

/** PM2's word for the server of static files, in place of a script. */
const STATIC_SERVER = 'serve';
/** Its program. The bundles stand side by side. */
const SERVER_FILE = path.join(import.meta.dirname, 'serve.cjs');
/** Keys of an entry of `static`, and the variables by which the server is told: those of PM2's. */
const VARIABLES: Readonly<Record<string, string>> = {
  path: 'PM2_SERVE_PATH',
  port: 'PM2_SERVE_PORT',
  host: 'PM2_SERVE_HOST',
  spa: 'PM2_SERVE_SPA',
  homepage: 'PM2_SERVE_HOMEPAGE',
  ftp: 'PM2_SERVE_FTP',
  directory: 'PM2_SERVE_DIRECTORY',
  monitor: 'PM2_SERVE_MONITOR',
};
/** What is meant for the app that it becomes. */
const APP_KEYS = new Set(['name', 'namespace']);
const KEYS = [...Object.keys(VARIABLES), 'basic_auth', ...APP_KEYS];
const AN_ENTRY = 'an object such as { path: "./public", port: 8080, spa: true }';

/**
 * Finds the program of an app whose script is `serve`.
 * @param script as written
 * @returns null for any other script; `file` is null where this build has no server
 */
export function staticServer(script: string): { readonly file: string | null } | null {
  if (script !== STATIC_SERVER) return null;
  return { file: existsSync(SERVER_FILE) ? SERVER_FILE : null };
}

/**
 * Turns the entries of PM2's `static` into apps.
 * @param given what the file has under `static`
 * @param reporter told of what is no entry
 * @returns an app for each
 */
export function staticApps(given: unknown, reporter: Reporter): readonly Data[] {
  if (given === undefined || given === null) return [];
  const entries: readonly unknown[] = Array.isArray(given) ? given : [given];
  return entries.flatMap((entry, index) => {
    if (isData(entry)) return [staticApp(entry, `static[${index}]`, reporter)];
    reporter.problem({ key: `static[${index}]`, expected: AN_ENTRY, got: show(entry) });
    return [];
  });
}

function staticApp(entry: Data, where: string, reporter: Reporter): Data {
  const env: Record<string, unknown> = {};
  const app: Record<string, unknown> = {};
  for (const key of Object.keys(entry)) {
    const plain = plainValue(entry, key);
    if ('error' in plain) {
      reporter.problem({ key: `${where}.${key}`, expected: 'plain data', got: `an error: ${plain.error}` });
      continue;
    }
    const { value } = plain;
    const variable = VARIABLES[key];
    if (variable !== undefined) env[variable] = value;
    else if (APP_KEYS.has(key)) app[key] = value;
    else if (key === 'basic_auth') Object.assign(env, basicAuth(value));
    else
      reporter.warn({
        key: `${where}.${key}`,
        text: `${where}: key ${show(key)} is ignored, known are ${KEYS.join(', ')}`,
      });
  }
  const { PM2_SERVE_PORT: port = 8080 } = env;
  return { name: `static-page-server-${String(port)}`, ...app, script: STATIC_SERVER, wait_ready: true, env };
}

function basicAuth(value: unknown): Data {
  if (!isData(value)) return { PM2_SERVE_BASIC_AUTH: value };
  const { username, password } = value;
  return {
    PM2_SERVE_BASIC_AUTH: true,
    PM2_SERVE_BASIC_AUTH_USERNAME: username,
    PM2_SERVE_BASIC_AUTH_PASSWORD: password,
  };
}
