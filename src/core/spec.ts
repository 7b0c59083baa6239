/**
 * What an app is, fully resolved: no default is left to fill in, no path is relative, no unit is textual.
 * `config/` makes it, the daemon obeys it. Units stand in the names.
 */
export interface AppSpec {
  readonly name: string;
  readonly namespace: string;
  /** Where the app came from: the ecosystem file, or null for a command line. */
  readonly configFile: string | null;
  readonly version: string;
  readonly process: ProcessSpec;
  readonly policy: PolicySpec;
  readonly limits: LimitsSpec;
  readonly triggers: TriggersSpec;
  readonly logs: LogsSpec;
  /** The user's own `env_NAME` blocks, kept for jlist; values never leave the owner's socket. */
  readonly envBlocks: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export type ExecMode = 'fork' | 'cluster';

/** How connections reach the workers of a cluster: each accepts for itself, or they are handed out in turn. */
export type Schedule = 'shared' | 'round_robin';

/** Parts of what the agent measures; `app` is the app's own prom-client registry. */
export type TelemetryGroup = 'runtime' | 'http_server' | 'http_client' | 'app';

/** How one process of the app is made. */
export interface ProcessSpec {
  readonly execMode: ExecMode;
  readonly schedule: Schedule;
  /** True loads the agent into Node apps: drain, last words, vitals. */
  readonly agent: boolean;
  /** What the agent measures; none of it without an agent. */
  readonly telemetry: readonly TelemetryGroup[];
  /** How many instances are wanted, at least 1 (`max` and negatives are resolved). */
  readonly instances: number;
  /** Absolute path of the program, or the shell line when `shellLine` is true. */
  readonly script: string;
  readonly shellLine: boolean;
  /** Program that runs the script (a name for PATH or an absolute path); `none` executes the script itself. */
  readonly interpreter: string;
  readonly interpreterArgs: readonly string[];
  readonly args: readonly string[];
  readonly cwd: string;
  /** The whole environment of the app, without the variables that name an instance. */
  readonly env: Readonly<Record<string, string>>;
  /** Names in `env` that the app's own configuration gave; the others are the shell's. Absent where nobody said. */
  readonly ownVariables?: readonly string[] | undefined;
  /** Name of the variable that holds the slot number. */
  readonly instanceVar: string;
  /** Name of a variable that counts up per instance from its value in `env`, or null. */
  readonly incrementVar: string | null;
  readonly uid: number | null;
  readonly gid: number | null;
  /** Path of the pid file before the instance id is put in, or null for the default place. */
  readonly pidFile: string | null;
  /** True adds Node's `--enable-source-maps`. */
  readonly sourceMaps: boolean;
}

/** When a process is started again, and how it is told to go. */
export interface PolicySpec {
  readonly autostart: boolean;
  readonly autorestart: boolean;
  readonly maxRestarts: number;
  readonly minUptimeMs: number;
  readonly restartDelayMs: number;
  readonly expBackoffRestartDelayMs: number;
  readonly stopExitCodes: readonly number[];
  readonly killTimeoutMs: number;
  readonly killSignal: string;
  readonly treekill: boolean;
  readonly shutdownWithMessage: boolean;
  readonly waitReady: boolean;
  readonly listenTimeoutMs: number;
}

export interface LimitsSpec {
  /** Resident bytes of the whole process tree above which the instance is restarted, or null. */
  readonly maxMemoryBytes: number | null;
}

export interface TriggersSpec {
  readonly cron: { readonly pattern: string; readonly timezone: string | null } | null;
  readonly watch: WatchSpec | null;
}

export interface WatchSpec {
  /** Absolute paths. */
  readonly paths: readonly string[];
  /** Patterns as the user wrote them: globs, names or regular expressions in text. */
  readonly ignore: readonly string[];
  readonly delayMs: number;
  readonly usePolling: boolean;
  readonly intervalMs: number;
}

export type LogType = 'plain' | 'json';

/** Where output goes. A null path means that the stream is read and thrown away. */
export interface LogsSpec {
  /** Absolute path before the instance id is put in, or null. */
  readonly outFile: string | null;
  readonly errorFile: string | null;
  /** A third file with both streams, or null. */
  readonly combinedFile: string | null;
  /** True: instances share one file; false: `-<id>` is put before `.log`. */
  readonly merge: boolean;
  /** day.js pattern for the prefix `<date>: `, or null for none. */
  readonly dateFormat: string | null;
  readonly type: LogType;
  readonly roll: RollSpec;
  readonly loki: LokiSpec;
}

/** What of the app is shipped to Loki, where the daemon ships at all. */
export interface LokiSpec {
  readonly enabled: boolean;
  /** Labels that only this app has. */
  readonly labels: Readonly<Record<string, string>>;
}

/** How rolled files are kept: as they are, or compressed. */
export type Compression = 'none' | 'gzip' | 'zstd';

/** When log files are rolled and what is kept of them; null is what the daemon's settings say. */
export interface RollSpec {
  /** Size that no file grows above; 0: any. */
  readonly maxSizeBytes: number | null;
  /** `none`, `hourly`, `daily`, or a cron pattern. */
  readonly frequency: string | null;
  /** Rolled files per stream. */
  readonly retain: number | null;
  /** Age at which a rolled file is deleted; 0: none. */
  readonly maxAgeMs: number | null;
  readonly compress: Compression | null;
  /** All files of the app together; 0: any. */
  readonly maxTotalBytes: number | null;
}
