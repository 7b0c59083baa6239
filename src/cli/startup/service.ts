/** Everything that a file for an init system says. */
export interface Service {
  /** Without ending: `promvisor-ann`. */
  readonly name: string;
  /** Of the host, or of the user. */
  readonly manager: 'system' | 'user';
  /** Who runs the daemon. */
  readonly user: string;
  /** Absolute path of PROMVISOR_HOME. */
  readonly home: string;
  /** Absolute paths of Node, of the daemon's program and of the command's. */
  readonly node: string;
  readonly daemonFile: string;
  readonly cliFile: string;
  readonly nodeFlags: readonly string[];
  /** PATH of the daemon. */
  readonly path: string;
}

/** Seconds within which the apps have to be stopped. */
export const STOP_SECONDS = 90;
/** Files that a daemon and its apps may have open; more than any default, and not so many that closing all takes long. */
export const OPEN_FILES = 1_048_576;
