import { UNIT_FLAG } from '../../base/unit.ts';
import { OPEN_FILES, type Service, STOP_SECONDS } from './service.ts';

/** A daemon that hangs is seen after this time; half of it is how often it says that it lives. */
const WATCHDOG_SECONDS = 60;
/** Between a crash and the next daemon. */
const RESTART_SECONDS = 1;

/**
 * Writes the unit of a daemon.
 * @param service what it runs
 * @returns the text of a .service file; docs/startup.md says why each line is there
 * @see systemd.service(5), systemd.exec(5), systemd.kill(5)
 */
export function systemdUnit(service: Service): string {
  const { manager, user, home } = service;
  const isSystem = manager === 'system';
  const unit = `${UNIT_FLAG}${manager}:%n`;
  return `# Written by: promvisor startup. Taken away by: promvisor unstartup
[Unit]
Description=promvisor daemon of ${specifiersOff(user)} (${specifiersOff(home)})
${isSystem ? 'Wants=network-online.target\nAfter=network-online.target remote-fs.target\n' : ''}StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=all
${isSystem ? `User=${specifiersOff(user)}\n` : ''}Environment=${quoted(`PATH=${service.path}`)}
Environment=${quoted(`PROMVISOR_HOME=${home}`)}
ExecStart=${command(service.node, ...service.nodeFlags, service.daemonFile, unit)}
ExecReload=${command(service.node, service.cliFile, 'reload', 'all')}
ExecStopPost=${command(service.node, service.daemonFile, unit, '--end-left')}
KillMode=process
TimeoutStopSec=${STOP_SECONDS}
Restart=on-failure
RestartSec=${RESTART_SECONDS}
RestartPreventExitStatus=78
WatchdogSec=${WATCHDOG_SECONDS}
WatchdogSignal=SIGKILL
OOMPolicy=continue
LimitNOFILE=${OPEN_FILES}
TasksMax=infinity

[Install]
WantedBy=${isSystem ? 'multi-user.target' : 'default.target'}
`;
}

/** Words of a command line, with what is special in one turned off. */
function command(program: string, ...words: readonly string[]): string {
  // The program's own path takes no variables: systemd.service(5), "Command lines".
  return [quoted(program), ...words.map((word) => quoted(word, isUnitFlag(word)).replaceAll('$', '$$$$'))].join(' ');
}

/** The one word of ours with a specifier in it. */
function isUnitFlag(word: string): boolean {
  return word.startsWith(UNIT_FLAG);
}

/** A word as systemd.syntax(7) reads it: C escapes in double quotes, `%%` for `%`. */
function quoted(word: string, keepSpecifiers = false): string {
  const escaped = word.replaceAll(/["\\]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\t', '\\t');
  const text = keepSpecifiers ? escaped : specifiersOff(escaped);
  return /^[\w@%:,./=+-]+$/.test(text) ? text : `"${text}"`;
}

function specifiersOff(text: string): string {
  return text.replaceAll('%', '%%');
}
