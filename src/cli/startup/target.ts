import path from 'node:path';
import { LASTING_NODE_FLAGS } from '../../base/daemon-flags.ts';
import { PromvisorError } from '../../base/errors.ts';
import type { CliContext } from '../context.ts';
import { type Account, accountOf, ownAccount } from './account.ts';
import { isPlatform, type Platform, platformOf } from './platform.ts';
import type { Service } from './service.ts';

/** What `startup` was asked for. */
export interface StartupFlags {
  readonly platform: string | undefined;
  /** PM2's `-u NAME`; true without a name: a unit of the user's own manager. */
  readonly user: string | true | undefined;
  /** Home folder of the user. */
  readonly hp: string | undefined;
  readonly serviceName: string | undefined;
}

/** What it comes to. */
export interface Target {
  readonly platform: Platform;
  readonly service: Service;
  readonly account: Account;
  readonly homeFolder: string;
  /** True where only root may put the file in its place. */
  readonly needsRoot: boolean;
}

/** systemd.unit(5): what the name of a unit may have; a file name for the others too. */
const SERVICE_NAME = /^[\w:.\\@][\w:.\\@-]{0,199}$/;

/**
 * Works out what the init system is to run, for whom.
 * @param context of the command
 * @param flags as given
 * @returns the target
 * @throws PromvisorError USAGE, NOT_SUPPORTED
 */
export function targetOf(context: CliContext, flags: StartupFlags): Target {
  // `startup --user systemd` reads as a user of that name.
  const swallowed = flags.platform === undefined && typeof flags.user === 'string' && isPlatform(flags.user);
  const platform = platformOf(swallowed ? String(flags.user) : flags.platform);
  const user = swallowed ? true : flags.user;
  const manager = user === true || platform === 'launchd' ? 'user' : 'system';
  if (user === true && platform === 'openrc') {
    throw new PromvisorError('NOT_SUPPORTED', '--user: openrc has no services of a user; give a name: --user NAME');
  }
  const account = typeof user === 'string' ? accountOf(user) : ownAccount();
  if (platform === 'launchd' && account.uid !== ownAccount().uid) {
    throw new PromvisorError('NOT_SUPPORTED', `--user: a launchd agent is set up by its user, ${account.name}`);
  }
  const homeFolder = absolute('--hp', flags.hp ?? account.homeFolder);
  const given = context.env['PROMVISOR_HOME'];
  const isOwn = given !== undefined && given !== '';
  const service: Service = {
    name: serviceName(flags.serviceName, { platform, manager, user: account.name }),
    manager,
    user: account.name,
    home: absolute('PROMVISOR_HOME', isOwn ? context.home.root : path.join(homeFolder, '.promvisor')),
    node: process.execPath,
    daemonFile: context.daemonFile,
    cliFile: path.join(path.dirname(context.daemonFile), 'promvisor.cjs'),
    nodeFlags: LASTING_NODE_FLAGS,
    path: withFolder(context.env['PATH'] ?? '', path.dirname(process.execPath)),
  };
  return { platform, service, account, homeFolder, needsRoot: manager === 'system' };
}

function serviceName(
  given: string | undefined,
  { platform, manager, user }: { readonly platform: Platform; readonly manager: string; readonly user: string },
): string {
  const byPlatform = { launchd: `promvisor.${user}`, openrc: 'promvisor', systemd: `promvisor-${user}` };
  const name =
    given?.replace(/\.service$/, '') ??
    (platform === 'systemd' && manager === 'user' ? 'promvisor' : byPlatform[platform]);
  if (SERVICE_NAME.test(name)) return name;
  throw new PromvisorError('USAGE', `--service-name: expected letters, digits and : . _ @ -, got "${name}"`);
}

function absolute(what: string, folder: string): string {
  // A line of a unit file ends where the line ends.
  if (path.isAbsolute(folder) && !/[\p{Cc}]/u.test(folder)) return path.resolve(folder);
  throw new PromvisorError('USAGE', `${what}: expected an absolute path on one line, got ${JSON.stringify(folder)}`);
}

/** Where programs are looked for, with a folder that has to be among them. */
function withFolder(list: string, folder: string): string {
  const folders = list.split(':').filter((one) => one !== '');
  return (folders.includes(folder) ? folders : [...folders, folder]).join(':');
}
