import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './until.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BOOT_MS = 90_000;
const COMMAND_MS = 60_000;
/** What is kept of the console, for a message. */
const CONSOLE_CHARS = 4_000;
const PATHS = '/opt/node/bin:/opt/promvisor:/usr/sbin:/usr/bin';

/** Users of the machine and their numbers. */
const USERS = { root: 0, ann: 1000, bob: 1001 } as const;
export type User = keyof typeof USERS;

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A machine of a test's own with a systemd of its own, made of the /usr of this one; what it writes is its own. */
export interface Machine {
  /** Runs a shell line. */
  run(user: User, line: string): Promise<Said>;
  /** The same; it must exit with 0, and its stdout is given. */
  ok(user: User, line: string): Promise<string>;
  /** Writes a file. */
  write(file: string, text: string): void;
  /** Shuts down and boots, by `systemctl reboot`. */
  reboot(): Promise<void>;
  close(): Promise<void>;
}

/** A machine, or why there can be none here. */
export type Booted = { readonly machine: Machine } | { readonly reason: string };

/**
 * Boots a machine.
 * @returns the machine; the caller closes it
 * @throws Error when it comes up but does not get ready
 */
export async function bootMachine(): Promise<Booted> {
  const reason = whyNot();
  if (reason !== null) return { reason };
  const root = mkdtempSync(path.join(tmpdir(), 'pmv-machine-'));
  furnish(root);
  const machine = machineOf(root);
  try {
    const console = await machine.boot();
    if (console === null) return { machine };
    await machine.close();
    return { reason: `systemd-nspawn does not boot here: ${console}` };
  } catch (error) {
    await machine.close();
    throw error;
  }
}

function whyNot(): string | null {
  if (process.getuid?.() !== 0) return 'systemd-nspawn needs root';
  const missing = ['systemd-nspawn', 'nsenter', 'setpriv'].filter(
    (one) => spawnSync('sh', ['-c', `command -v ${one}`]).status !== 0,
  );
  if (missing.length > 0) return `not on this machine: ${missing.join(', ')}`;
  if (!lstatSync('/bin').isSymbolicLink()) return 'the programs of this machine are not all below /usr';
  const needed = ['/usr/lib/systemd/systemd', '/usr/bin/dbus-daemon'].filter((file) => !existsSync(file));
  return needed.length > 0 ? `not on this machine: ${needed.join(', ')}` : null;
}

/** As little as systemd, D-Bus and logind need beside /usr. */
function furnish(root: string): void {
  // It is the machine's /, where everybody has to get in.
  chmodSync(root, 0o755);
  for (const folder of ['etc/pam.d', 'usr', 'var', 'home', 'root', 'run', 'tmp', 'proc', 'sys', 'dev', 'opt']) {
    mkdirSync(path.join(root, folder), { recursive: true });
  }
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, path.join(root, name));
  const etc = (name: string, text: string) => writeFileSync(path.join(root, 'etc', name), text);
  etc('os-release', 'ID=test\nNAME=test\n');
  etc('machine-id', '');
  const people = Object.entries(USERS).map(([user, id]) => {
    const folder = user === 'root' ? '/root' : `/home/${user}`;
    mkdirSync(path.join(root, folder), { recursive: true });
    chownSync(path.join(root, folder), id, id);
    return `${user}:x:${id}:${id}::${folder}:/bin/sh`;
  });
  const bus =
    /^messagebus:.*$/m.exec(readFileSync('/etc/passwd', 'utf8'))?.[0] ?? 'messagebus:x:100:100::/:/usr/sbin/nologin';
  etc('passwd', `${[...people, bus, 'nobody:x:65534:65534::/:/usr/sbin/nologin'].join('\n')}\n`);
  const busGroup = bus.split(':')[3];
  etc('group', `root:x:0:\ntty:x:5:\nann:x:1000:\nbob:x:1001:\nmessagebus:x:${busGroup}:\nnogroup:x:65534:\n`);
  etc('nsswitch.conf', 'passwd: files\ngroup: files\n');
  // A session of a user needs nothing but the registration with logind.
  etc('pam.d/other', 'auth required pam_permit.so\naccount required pam_permit.so\nsession required pam_permit.so\n');
  etc(
    'pam.d/systemd-user',
    'account required pam_permit.so\nsession required pam_permit.so\nsession optional pam_systemd.so\n',
  );
  for (const file of ['ld.so.cache', 'alternatives']) {
    if (existsSync(`/etc/${file}`))
      cpSync(`/etc/${file}`, path.join(root, 'etc', file), { recursive: true, verbatimSymlinks: true });
  }
}

function machineOf(root: string): Machine & { boot(): Promise<string | null> } {
  let power = powerOn(root);
  const run = (user: User, line: string): Promise<Said> => {
    const [leader] = childrenOf(power.nspawn);
    if (leader === undefined) return Promise.resolve({ code: 125, stdout: '', stderr: 'the machine is off' });
    return enter(leader, user, line);
  };
  const machine = {
    run,
    async ok(user: User, line: string) {
      const { code, stdout, stderr } = await run(user, line);
      if (code !== 0) throw new Error(`${user}: ${line}: expected exit code 0, got ${code}: ${stdout}${stderr}`);
      return stdout;
    },
    write(file: string, text: string) {
      mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
      writeFileSync(path.join(root, file), text);
    },
    /** @returns null, or what the console said last where it ended instead */
    async boot() {
      return Promise.race([untilUp(machine).then(() => null), power.ended]);
    },
    async reboot() {
      await run('root', 'systemctl reboot');
      await until(() => childrenOf(power.nspawn).length === 0, { what: 'the machine is down', timeoutMs: BOOT_MS });
      await power.ended;
      // With --keep-unit systemd-nspawn leaves the second half to who started it.
      power = powerOn(root);
      const console = await machine.boot();
      if (console !== null) throw new Error(`the machine does not boot again: ${console}`);
    },
    async close() {
      // Its first process takes all others of the machine along.
      for (const pid of childrenOf(power.nspawn)) process.kill(pid, 'SIGKILL');
      await power.ended;
      rmSync(root, { recursive: true, force: true });
      rmSync(`/run/systemd/nspawn/propagate/${nameOf(root)}`, { recursive: true, force: true });
      removeCgroups();
    },
  };
  return machine;
}

/** systemd-nspawn makes them below the cgroup of who starts it, and leaves them: cgroups(7). */
function removeCgroups(): void {
  const own = readFileSync('/proc/self/cgroup', 'utf8').matchAll(/^\d+:(?:name=systemd)?:(.*)$/gm);
  for (const [, cgroup = '/'] of own) {
    for (const tree of ['', 'systemd', 'unified']) {
      for (const made of ['payload', 'supervisor']) {
        const folder = path.join('/sys/fs/cgroup', tree, cgroup, made);
        // What another machine of now is in cannot be removed.
        spawnSync('find', [folder, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', ';']);
      }
    }
  }
}

/** hostname(7) */
function nameOf(root: string): string {
  return path.basename(root).toLowerCase();
}

interface Power {
  readonly nspawn: ChildProcess;
  /** Gives the last line of the console. */
  readonly ended: Promise<string>;
}

function powerOn(root: string): Power {
  const binds = [
    '/usr',
    `${process.execPath}:/opt/node/bin/node`,
    `${ROOT}dist/bin:/opt/promvisor`,
    `${ROOT}test/fixtures:/opt/fixtures`,
  ];
  const flags = ['--quiet', '--register=no', '--keep-unit', '--private-network', '--console=pipe', '--boot'];
  const place = [`--machine=${nameOf(root)}`, `--directory=${root}`];
  const nspawn = spawn('systemd-nspawn', [...flags, ...place, ...binds.map((bind) => `--bind-ro=${bind}`)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // With cgroups of version 1 a systemd inside is not told when a user manager has ended, and waits in vain.
    env: { ...process.env, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1' },
  });
  let console = '';
  for (const stream of [nspawn.stdout, nspawn.stderr]) {
    stream.on('data', (chunk) => {
      console = `${console}${chunk}`.slice(-CONSOLE_CHARS);
    });
  }
  const ended = new Promise<string>((resolve) => {
    nspawn.once('close', () => resolve(console.trim().split('\n').at(-1) ?? ''));
  });
  return { nspawn, ended };
}

/** Runs a shell line inside, as a login of that user would. */
function enter(leader: number, user: User, line: string): Promise<Said> {
  const uid = USERS[user];
  const folder = user === 'root' ? '/root' : `/home/${user}`;
  const env = [`PATH=${PATHS}`, `HOME=${folder}`, `USER=${user}`, `XDG_RUNTIME_DIR=/run/user/${uid}`];
  const as = user === 'root' ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
  const spaces = ['-m', '-u', '-i', '-n', '-p', '-C'];
  const shell = ['env', '-i', ...env, ...as, 'sh', '-c', `cd && { ${line}; }`];
  return new Promise((resolve) => {
    const options = { timeout: COMMAND_MS, killSignal: 'SIGKILL' as const };
    execFile('nsenter', ['-t', String(leader), ...spaces, ...shell], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 126), stdout, stderr });
    });
  });
}

async function untilUp(machine: Machine): Promise<void> {
  const isUp = async () =>
    /^(running|degraded)/.test((await machine.run('root', 'systemctl is-system-running')).stdout);
  await until(isUp, { what: 'the machine is up', timeoutMs: BOOT_MS });
}

/** proc(5): the first process of the machine is the only child of systemd-nspawn. */
function childrenOf({ pid }: ChildProcess): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
