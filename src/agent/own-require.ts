const FLAG = /^(?:--require|-r)$/;
const FLAG_WITH_VALUE = /^--require=/;

/**
 * Removes the flag that preloads a file, in place: child_process.fork() and new Worker() pass this very array on.
 * @param file real path of the preloaded file
 * @param execArgv process.execArgv
 */
export function removeRequireOf(file: string, execArgv: string[]): void {
  for (let at = execArgv.length - 1; at >= 0; at--) {
    const flag = execArgv[at] ?? '';
    if (FLAG.test(flag) && isSame(execArgv[at + 1] ?? '', file)) execArgv.splice(at, 2);
    else if (FLAG_WITH_VALUE.test(flag) && isSame(flag.replace(FLAG_WITH_VALUE, ''), file)) execArgv.splice(at, 1);
  }
}

/** The flag may name the file by a symbolic link. */
function isSame(path: string, file: string): boolean {
  if (path === file) return true;
  try {
    return path.startsWith('/') && process.getBuiltinModule('node:fs').realpathSync(path) === file;
  } catch {
    return false;
  }
}
