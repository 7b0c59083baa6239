import { readFileSync } from 'node:fs';
import type { ReadApp } from './read-app.ts';

/** Whom an app runs as; null means as the daemon. */
export interface Identity {
  readonly uid: number | null;
  readonly gid: number | null;
  /** What the user's own shell would say: HOME, USER and LOGNAME. */
  readonly variables: Readonly<Record<string, string>>;
}

/** The files that name users and groups, as text: passwd(5), group(5). */
export interface Accounts {
  readonly isRoot: boolean;
  readonly passwd: string;
  readonly group: string;
}

/**
 * Reads who may be named on this machine.
 * @returns the account files; a missing one is empty
 */
export function systemAccounts(): Accounts {
  return { isRoot: process.getuid?.() === 0, passwd: textOf('/etc/passwd'), group: textOf('/etc/group') };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Containers of a single binary have none: numbers still work.
    return '';
  }
}

/**
 * Resolves `uid` and `gid`; a user without a group gets the user's own group.
 * @param app as read; told of unknown names, and of names given without being root
 * @param accounts of the machine
 * @returns numbers
 */
export function identityOf({ attributes, complain, reporter }: ReadApp, accounts: Accounts): Identity {
  const { uid, gid } = attributes;
  if (uid === undefined && gid === undefined) return NOBODY_ELSE;
  if (!accounts.isRoot) {
    complain(uid === undefined ? 'gid' : 'uid', 'no user and no group, as only root may set them');
    return NOBODY_ELSE;
  }
  const user = uid === undefined ? null : entryOf(accounts.passwd, uid);
  const group = gid === undefined ? null : entryOf(accounts.group, gid);
  const userId = numberOf(uid, user);
  const groupId = numberOf(gid, group);
  if (uid !== undefined && userId === null) complain('uid', 'a user of /etc/passwd, or a number');
  if (gid !== undefined && groupId === null) complain('gid', 'a group of /etc/group, or a number');
  const ownGroup = user?.[3];
  if (userId !== null && gid === undefined && ownGroup === undefined) {
    const text = `uid ${userId} is not in /etc/passwd and no gid is given: the group stays that of the daemon`;
    reporter.warn({ key: 'uid', text });
  }
  if (userId !== null && userId !== 0) {
    reporter.note({
      key: 'uid',
      text: 'the agent does not reach the daemon as another user and is left out: no drain',
    });
  }
  return {
    uid: userId,
    gid: groupId ?? (ownGroup === undefined ? null : Number(ownGroup)),
    variables: variablesOf(user),
  };
}

const NOBODY_ELSE: Identity = { uid: null, gid: null, variables: {} };

/** Fields of passwd(5). */
function variablesOf(user: readonly string[] | null): Identity['variables'] {
  const { 0: name, 5: home } = user ?? [];
  return { ...(home ? { HOME: home } : {}), ...(name ? { USER: name, LOGNAME: name } : {}) };
}

/** Fields of the line with this name or this number, which is the third field in both files. */
function entryOf(file: string, wanted: string | number): readonly string[] | null {
  const field = typeof wanted === 'number' ? 2 : 0;
  for (const line of file.split('\n')) {
    const fields = line.split(':');
    if (fields.length > 2 && fields[field] === String(wanted)) return fields;
  }
  return null;
}

function numberOf(wanted: string | number | undefined, entry: readonly string[] | null): number | null {
  if (typeof wanted === 'number') return wanted;
  return entry?.[2] === undefined ? null : Number(entry[2]);
}
