/** A line of the script and what came of it, without what differs by machine and moment. */
export interface Step {
  readonly command: string;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  /** False where stdout has text and no newline at its end. */
  readonly newline: boolean;
  readonly code: number | null;
}

/** Scripts in scripts/, without their extension. */
export const SCRIPTS: readonly string[];

/** Lines of a script, without what is said about them. */
export function linesOfScript(script: string): string[];

/** Runs a script line by line in a copy of the apps; `env` has PM2_HOME and a PATH that finds `pm2`. */
export function runScript(
  script: string,
  options: { readonly root: string; readonly env: Readonly<Record<string, string | undefined>> },
): Promise<Step[]>;

/** Steps as a text that people can read and compare. */
export function transcriptOf(steps: readonly Step[]): string;
