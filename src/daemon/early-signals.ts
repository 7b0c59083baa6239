/**
 * Signals that a running daemon takes and that would end one which is still starting. Imported before all else, as the
 * files of the apps may be rotated at any moment: `pkill -USR2` knows nothing of how far a daemon is.
 */
let reopen: () => void = () => {
  // The files are opened by their names anyway.
};

process.on('SIGUSR2', () => reopen());
process.on('SIGHUP', () => {});

/**
 * Says what SIGUSR2 does from now on.
 * @param callback for each signal
 */
export function onReopenSignal(callback: () => void): void {
  reopen = callback;
}
