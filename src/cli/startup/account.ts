import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { PromvisorError } from '../../base/errors.ts';

/** A user of this machine. */
export interface Account {
  readonly name: string;
  readonly homeFolder: string;
  /** Null where only its name and folder could be learned. */
  readonly uid: number | null;
}

/** Whoever runs this command. */
export function ownAccount(): Account {
  const { username, homedir, uid } = userInfo();
  return { name: username, homeFolder: homedir, uid };
}

/**
 * Looks a user up as the system does, so that users of a directory service are found too.
 * @param name of the user
 * @returns the account
 * @throws PromvisorError USAGE when there is no such user
 * @see passwd(5), getent(1)
 */
export function accountOf(name: string): Account {
  const own = ownAccount();
  if (name === own.name) return own;
  const found = spawnSync('getent', ['passwd', name], { encoding: 'utf8' });
  // A system without getent has its users in the file.
  const text = found.error === undefined ? found.stdout : readPasswd();
  for (const line of text.split('\n')) {
    const [user, , uid, , , homeFolder] = line.split(':');
    if (user === name && homeFolder !== undefined) return { name, homeFolder, uid: Number(uid) };
  }
  throw new PromvisorError('USAGE', `--user: expected a user of this machine, got "${name}"`);
}

function readPasswd(): string {
  try {
    return readFileSync('/etc/passwd', 'utf8');
  } catch {
    return '';
  }
}
