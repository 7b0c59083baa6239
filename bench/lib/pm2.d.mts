/** Finds PM2, or installs it from npm into a cache folder below the system's temp folder; gives its program. */
export function findPm2(): Promise<string>;
