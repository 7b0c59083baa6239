import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { messageOf, PromvisorError } from './errors.ts';
import type { Home } from './paths.ts';

const OWNER_ONLY = 0o700;
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Makes the folders of the home, for the owner only.
 * @param home paths of the product
 * @throws PromvisorError HOME_UNUSABLE when it belongs to someone else, others may write to it, or it cannot be made
 */
export function makeHome(home: Home): void {
  try {
    mkdirSync(home.root, { recursive: true, mode: OWNER_ONLY });
  } catch (error) {
    throw unusable(home.root, messageOf(error), error);
  }
  checkOwner(home.root);
  // A folder that was there before may be anybody's (/tmp): it is refused, never changed.
  const mode = statSync(home.root).mode;
  if ((mode & WRITABLE_BY_OTHERS) !== 0) {
    throw unusable(home.root, `expected a folder that only you can write to, got mode ${(mode & 0o7777).toString(8)}`);
  }
  for (const folder of [home.runDir, home.stateDir, home.logsDir, home.pidsDir, home.daemonLogDir]) makePrivate(folder);
}

function makePrivate(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: OWNER_ONLY });
    checkOwner(folder);
    chmodSync(folder, OWNER_ONLY);
  } catch (error) {
    if (error instanceof PromvisorError) throw error;
    throw unusable(folder, messageOf(error), error);
  }
}

function checkOwner(folder: string): void {
  const me = process.getuid?.();
  const owner = statSync(folder).uid;
  if (me !== undefined && owner !== me) {
    throw unusable(folder, `expected a folder of yours (uid ${me}), got one of uid ${owner}`);
  }
}

function unusable(folder: string, reason: string, cause?: unknown): PromvisorError {
  return new PromvisorError('HOME_UNUSABLE', `PROMVISOR_HOME: ${folder} cannot be used: ${reason}`, {
    details: { folder },
    cause,
  });
}
