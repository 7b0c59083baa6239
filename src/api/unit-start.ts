import { execFile } from 'node:child_process';
import type { Home } from '../base/paths.ts';
import { managerFlags, notedUnit } from '../base/unit.ts';

const DEADLINE_MS = 20_000;
/** systemd.unit(5), ActiveState: a daemon is there or on its way, also between a crash and the restart. */
const COMING = new Set(['active', 'activating', 'reloading']);

/**
 * Has systemd start the unit that serves a home, so that no command starts a daemon beside it.
 * @param home without a daemon that answers
 * @param env of the command
 * @returns true when a daemon of the unit is there or comes; false where there is no unit, or it may not be started
 */
export async function startUnit(home: Home, env: NodeJS.ProcessEnv): Promise<boolean> {
  const unit = notedUnit(home);
  if (unit === null) return false;
  // A shell of su(1) or sudo(8) has no such variable, but the manager may be there.
  const manager = { XDG_RUNTIME_DIR: `/run/user/${process.getuid?.() ?? 0}`, ...env };
  const call = (verb: string) => systemctl([...managerFlags(unit), verb, unit.name], manager);
  if ((await call('start')).done) return true;
  return COMING.has((await call('is-active')).text);
}

function systemctl(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ readonly done: boolean; readonly text: string }> {
  return new Promise((resolve) => {
    execFile('systemctl', args, { env, timeout: DEADLINE_MS }, (error, stdout) => {
      resolve({ done: error === null, text: stdout.trim() });
    });
  });
}
