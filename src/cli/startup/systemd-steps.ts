import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { PromvisorError } from '../../base/errors.ts';
import { removeFile, writeNewFile } from './files.ts';
import { systemdUnit } from './systemd.ts';
import type { Target } from './target.ts';

/** What setting up or taking away came to. */
export interface Outcome {
  /** What was done, a line each. */
  readonly done: readonly string[];
  /** What is left to do by hand, null when nothing is. */
  readonly left: { readonly why: string; readonly command: string } | null;
}

/** Where the unit of a target is. */
export function unitFile({ service, homeFolder }: Target, env: NodeJS.ProcessEnv): string {
  const name = `${service.name}.service`;
  if (service.manager === 'system') return path.join('/etc/systemd/system', name);
  return path.join(env['XDG_CONFIG_HOME'] || path.join(homeFolder, '.config'), 'systemd/user', name);
}

/**
 * Puts the unit in place and starts it, now and with each boot.
 * @param target whose unit
 * @param env of the command
 * @throws PromvisorError STARTUP_FAILED
 */
export function installUnit(target: Target, env: NodeJS.ProcessEnv): Outcome {
  const { service, account } = target;
  const file = unitFile(target, env);
  const unit = `${service.name}.service`;
  writeNewFile(file, systemdUnit(service));
  systemctl(target, env, 'daemon-reload');
  systemctl(target, env, 'enable', '--now', unit);
  const done = [`wrote ${file}`, `enabled and started ${unit}: it runs with each boot from now on`];
  if (service.manager === 'system') return { done, left: null };
  // Without it systemd ends what a user runs when the last session ends, and starts it with the first: loginctl(1).
  const linger = spawnSync('loginctl', ['enable-linger', account.name], { encoding: 'utf8' });
  if (linger.status === 0) return { done: [...done, `${account.name} lingers: no login is needed`], left: null };
  const why = 'it runs while you are logged in only. To have it run from boot on, copy/paste the following command:';
  return { done, left: { why, command: `sudo loginctl enable-linger ${account.name}` } };
}

/**
 * Takes the unit away. A daemon that it runs goes on, and so do the apps; systemd looks after them until the host goes
 * down, by a copy of the unit that does not outlive the boot.
 * @param target whose unit
 * @param env of the command
 * @throws PromvisorError STARTUP_FAILED
 */
export function removeUnit(target: Target, env: NodeJS.ProcessEnv): Outcome {
  const unit = `${target.service.name}.service`;
  const file = unitFile(target, env);
  const runs = call(target, env, ['is-active', '--quiet', unit]).status === 0;
  systemctl(target, env, 'disable', unit);
  if (runs) {
    const folder = runtimeFolder(target, env);
    mkdirSync(folder, { recursive: true });
    copyFileSync(file, path.join(folder, unit));
  }
  removeFile(file);
  systemctl(target, env, 'daemon-reload');
  const done = [`disabled ${unit} and removed ${file}`];
  if (runs) done.push('the daemon and its apps run on until the host goes down or they are stopped');
  return { done, left: null };
}

function runtimeFolder({ service, account }: Target, env: NodeJS.ProcessEnv): string {
  if (service.manager === 'system') return '/run/systemd/system';
  return path.join(env['XDG_RUNTIME_DIR'] || `/run/user/${account.uid}`, 'systemd/user');
}

function systemctl(target: Target, env: NodeJS.ProcessEnv, ...words: readonly string[]): void {
  const { status, error, stderr } = call(target, env, words);
  if (status === 0) return;
  const said = error === undefined ? stderr.trim() : error.message;
  throw new PromvisorError('STARTUP_FAILED', `systemctl ${words.join(' ')}: ${said}`);
}

function call({ service, account }: Target, env: NodeJS.ProcessEnv, words: readonly string[]) {
  const isUser = service.manager === 'user';
  // A shell of su(1) or sudo(8) has no such variable, but the manager may be there.
  const runtime = isUser ? { XDG_RUNTIME_DIR: `/run/user/${account.uid}`, ...env } : env;
  return spawnSync('systemctl', isUser ? ['--user', ...words] : [...words], { encoding: 'utf8', env: runtime });
}
