import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { messageOf } from '../../base/errors.ts';
import type { Home } from '../../base/paths.ts';
import { parseUnit, UNIT_FLAG, type Unit, unitNote, unitText } from '../../base/unit.ts';
import type { DaemonLog } from '../own-log.ts';

/**
 * The unit that this process is the main process of.
 * @param argv of the process
 * @returns the unit, null when a command has started it
 */
export function ownUnit(argv: readonly string[]): Unit | null {
  const flag = argv.find((argument) => argument.startsWith(UNIT_FLAG));
  return flag === undefined ? null : parseUnit(flag.slice(UNIT_FLAG.length));
}

/**
 * Notes which unit serves the home, so that a command starts that one when it finds no daemon.
 * @param home of the daemon
 * @param unit its own
 * @param log told when it could not be noted
 */
export function noteUnit(home: Home, unit: Unit, log: DaemonLog): void {
  try {
    writeFileSync(unitNote(home), `${unitText(unit)}\n`, { mode: 0o600 });
  } catch (error) {
    rmSync(unitNote(home), { force: true });
    log.error({ problem: messageOf(error) }, 'the unit could not be noted: commands will not start it');
  }
}

/**
 * Whether systemd would start a unit's daemon again: its file is still where `startup` puts it.
 * @param unit of the daemon
 */
export function isInstalled({ manager, name }: Unit): boolean {
  return folders(manager).some((folder) => existsSync(path.join(folder, name)));
}

/** systemd.unit(5): the places for units of the administrator and of the user, and for those that go with the boot. */
function folders(manager: Unit['manager']): readonly string[] {
  if (manager === 'system') return ['/etc/systemd/system', '/run/systemd/system'];
  const { XDG_CONFIG_HOME: config, XDG_RUNTIME_DIR: runtime } = process.env;
  return [
    path.join(config || path.join(homedir(), '.config'), 'systemd/user'),
    path.join(runtime || '/', 'systemd/user'),
  ];
}
