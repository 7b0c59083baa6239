import { OPEN_FILES, type Service, STOP_SECONDS } from './service.ts';
import { shellWord } from './shell-word.ts';

/**
 * Writes the script of a daemon for OpenRC, whose supervise-daemon starts it again after a crash.
 * @param service what it runs
 * @returns the text of a file for /etc/init.d
 * @see openrc-run(8), supervise-daemon(8)
 */
export function openrcScript(service: Service): string {
  const { user, home, node, path } = service;
  // supervise-daemon reads its arguments from a string: they are quoted once for that, and once for the script.
  const words = [...service.nodeFlags, service.daemonFile].map(shellWord).join(' ');
  const env = [`PATH=${path}`, `PROMVISOR_HOME=${home}`].map((pair) => `--env ${shellWord(pair)}`).join(' ');
  return `#!/sbin/openrc-run
# Written by: promvisor startup. Taken away by: promvisor unstartup
description=${shellWord(`promvisor daemon of ${user} (${home})`)}
supervisor=supervise-daemon
command=${shellWord(node)}
command_args=${shellWord(words)}
command_user=${shellWord(user)}
supervise_daemon_args=${shellWord(env)}
directory=/
respawn_delay=1
respawn_max=0
retry=${shellWord(`TERM/${STOP_SECONDS}/KILL/5`)}
rc_ulimit=${shellWord(`-n ${OPEN_FILES}`)}

depend() {
  need localmount
  use net
  after firewall
}
`;
}
