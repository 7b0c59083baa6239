import path from 'node:path';

/** What the static server serves, to whom. */
export interface ServeOptions {
  /** Absolute. */
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  /** True: what is no file is answered with the home page, for apps with routes of their own. */
  readonly spa: boolean;
  /** File name below the folder. */
  readonly homepage: string;
  readonly login: { readonly user: string; readonly password: string } | null;
}

const DEFAULT_PORT = 8080;
const HIGHEST_PORT = 65_535;

/**
 * Reads the variables that PM2's static server has, so that its config files mean the same.
 * @param env PM2_SERVE_PATH, _PORT, _HOST, _SPA, _HOMEPAGE, _BASIC_AUTH_USERNAME, _BASIC_AUTH_PASSWORD
 * @param cwd working directory
 * @returns options, or what is wrong with a variable
 */
export function serveOptions(env: NodeJS.ProcessEnv, cwd: string): ServeOptions | { readonly error: string } {
  const text = (name: string) => env[`PM2_SERVE_${name}`] || null;
  const port = text('PORT') ?? String(DEFAULT_PORT);
  if (!/^\d{1,5}$/.test(port) || Number(port) > HIGHEST_PORT) {
    return { error: `PM2_SERVE_PORT: expected a port from 0 to ${HIGHEST_PORT}, got ${JSON.stringify(port)}` };
  }
  const user = text('BASIC_AUTH_USERNAME');
  const password = text('BASIC_AUTH_PASSWORD');
  if ((user === null) !== (password === null) || (text('BASIC_AUTH') === 'true' && user === null)) {
    return { error: 'PM2_SERVE_BASIC_AUTH: expected a user name and a password, got only one or none of them' };
  }
  return {
    folder: path.resolve(cwd, text('PATH') ?? '.'),
    host: text('HOST') ?? '0.0.0.0',
    port: Number(port),
    spa: text('SPA') === 'true',
    homepage: (text('HOMEPAGE') ?? 'index.html').replace(/^\/+/, ''),
    login: user === null || password === null ? null : { user, password },
  };
}
