interface DaemonName {
  readonly pid: number;
  readonly version: string;
}

/** What `update` has done. */
export interface Replaced {
  /** Null where none ran. */
  readonly from: DaemonName | null;
  readonly to: DaemonName;
  /** Processes that the new one took over. */
  readonly adopted: number;
}

/**
 * Tells which daemon follows which.
 * @param replaced what was done
 * @returns a line without newline
 */
export function replacedText({ from, to, adopted }: Replaced): string {
  if (from === null) return `no daemon ran; ${to.version} was started (pid ${to.pid})`;
  const took = `${adopted} ${adopted === 1 ? 'process' : 'processes'} taken over`;
  return `daemon ${from.version} (pid ${from.pid}) replaced by ${to.version} (pid ${to.pid}), ${took}`;
}
