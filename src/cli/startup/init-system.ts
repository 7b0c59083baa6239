import { spawnSync } from 'node:child_process';
import { PromvisorError } from '../../base/errors.ts';
import { removeFile, writeNewFile } from './files.ts';
import { launchdAgent } from './launchd.ts';
import { openrcScript } from './openrc.ts';
import { systemdUnit } from './systemd.ts';
import { installUnit, type Outcome, removeUnit, unitFile } from './systemd-steps.ts';
import type { Target } from './target.ts';

/** What is the same with each of them. */
export interface InitSystem {
  /** The file that tells it of the daemon. */
  readonly file: string;
  text(): string;
  install(): Outcome;
  remove(): Outcome;
}

const EXECUTABLE = 0o755;

/**
 * The init system of a target.
 * @param target for whom
 * @param env of the command
 */
export function initSystem(target: Target, env: NodeJS.ProcessEnv): InitSystem {
  const { service, platform, homeFolder, account } = target;
  switch (platform) {
    case 'systemd':
      return {
        file: unitFile(target, env),
        text: () => systemdUnit(service),
        install: () => installUnit(target, env),
        remove: () => removeUnit(target, env),
      };
    case 'launchd': {
      const domain = `gui/${account.uid}`;
      return byFile({
        file: `${homeFolder}/Library/LaunchAgents/${service.name}.plist`,
        text: () => launchdAgent(service),
        mode: 0o644,
        install: (file) => ['launchctl', 'bootstrap', domain, file],
        // The daemon is told to end, and stops its apps.
        remove: () => ['launchctl', 'bootout', `${domain}/${service.name}`],
      });
    }
    case 'openrc':
      return byFile({
        file: `/etc/init.d/${service.name}`,
        text: () => openrcScript(service),
        mode: EXECUTABLE,
        install: () => ['rc-update', 'add', service.name, 'default'],
        remove: () => ['rc-update', 'delete', service.name, 'default'],
      });
    default:
      return platform satisfies never;
  }
}

interface ByFile {
  readonly file: string;
  readonly text: () => string;
  readonly mode: number;
  readonly install: (file: string) => readonly [string, ...string[]];
  readonly remove: (file: string) => readonly [string, ...string[]];
}

/** Those that take one command beside the file. */
function byFile({ file, text, mode, install, remove }: ByFile): InitSystem {
  return {
    file,
    text,
    install() {
      writeNewFile(file, text(), mode);
      return { done: [`wrote ${file}`, run(...install(file))], left: null };
    },
    remove() {
      const done = run(...remove(file));
      removeFile(file);
      return { done: [done, `removed ${file}`], left: null };
    },
  };
}

function run(program: string, ...words: readonly string[]): string {
  const { status, error, stderr } = spawnSync(program, words, { encoding: 'utf8' });
  const line = [program, ...words].join(' ');
  if (status === 0) return `done: ${line}`;
  throw new PromvisorError('STARTUP_FAILED', `${line}: ${error === undefined ? stderr.trim() : error.message}`);
}
