import type { Home } from '../base/paths.ts';

/** The command that asks for apps: where it was given, with which flags, on which machine. */
export interface ResolveContext {
  /** Shown in errors: `ecosystem.config.cjs`, or `command line`. */
  readonly source: string;
  /** Absolute path of the file, or null for a command line. */
  readonly configFile: string | null;
  readonly cwd: string;
  /** Environment of the shell. */
  readonly env: NodeJS.ProcessEnv;
  /** `--env production` lays `env_production` over `env`. */
  readonly envName: string | null;
  /** `--only`: names of the apps that are meant. */
  readonly only: readonly string[] | null;
  readonly cpus: number;
  readonly home: Home;
  /** Flags as ecosystem keys: they win over the file, and null takes an attribute away. */
  readonly overrides: Readonly<Record<string, unknown>>;
}
