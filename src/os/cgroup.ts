import { readFileSync } from 'node:fs';
import path from 'node:path';

export const PRESSURE_RESOURCES = ['cpu', 'memory', 'io'] as const;
export const PRESSURE_KINDS = ['some', 'full'] as const;
export type PressureResource = (typeof PRESSURE_RESOURCES)[number];
export type PressureKind = (typeof PRESSURE_KINDS)[number];

/** What the kernel says of one control group; null what it does not tell. */
export interface CgroupFigures {
  readonly memoryBytes: number | null;
  /** null without a limit too. */
  readonly memoryLimitBytes: number | null;
  readonly oomKills: number | null;
  /** Time that processes waited since the group was made. */
  readonly pressureSeconds: Readonly<Record<PressureResource, Readonly<Record<PressureKind, number | null>>>>;
}

const MICROSECONDS_PER_SECOND = 1e6;

/** The control group of this process, looked up once: a process is hardly ever moved to another one. */
export interface Cgroup {
  /** null where there is no version 2 (version 1, another system, a container that hides it). */
  read(): CgroupFigures | null;
}

/**
 * Finds the control group, version 2, that this process is in.
 * @param root of the file system; another one in tests
 * @returns what reads its figures
 * @see https://docs.kernel.org/admin-guide/cgroup-v2.html
 */
export function openCgroup(root = '/'): Cgroup {
  const folder = folderOf(root);
  return { read: () => (folder === null ? null : readFolder(folder)) };
}

/** In a namespace of its own, as in a container, the path is seen from the group that the namespace begins with. */
function folderOf(root: string): string | null {
  const own = /^0::(\/.*)$/m.exec(readText(path.join(root, 'proc/self/cgroup')) ?? '')?.[1];
  const mount = mountOf(readText(path.join(root, 'proc/self/mountinfo')) ?? '');
  // Of a group outside of what is mounted, or of the own namespace, nothing can be read.
  if (own === undefined || own.startsWith('/..') || mount === null) return null;
  const below = path.posix.relative(mount.top, own);
  return below === '..' || below.startsWith('../') ? null : path.join(root, mount.at, below);
}

/** @see proc_pid_mountinfo(5): id, parent, device, top of what is mounted, where, options, -, type */
function mountOf(mountinfo: string): { readonly top: string; readonly at: string } | null {
  const found = /^\d+ \d+ \S+ (\S+) (\S+) .*? - cgroup2 /m.exec(mountinfo);
  return found?.[1] === undefined || found[2] === undefined ? null : { top: found[1], at: found[2] };
}

function readFolder(folder: string): CgroupFigures | null {
  const read = (file: string) => readText(path.join(folder, file)) ?? '';
  const number = (pattern: RegExp, text: string) => {
    const found = pattern.exec(text)?.[1];
    return found === undefined ? null : Number(found);
  };
  const pressureOf = (resource: PressureResource) => {
    const text = read(`${resource}.pressure`);
    const secondsOf = (kind: PressureKind) => {
      const microseconds = number(new RegExp(`^${kind} .*\\btotal=(\\d+)`, 'm'), text);
      return microseconds === null ? null : microseconds / MICROSECONDS_PER_SECOND;
    };
    return { some: secondsOf('some'), full: secondsOf('full') };
  };
  return {
    memoryBytes: number(/^(\d+)$/m, read('memory.current')),
    // "max" without a limit.
    memoryLimitBytes: number(/^(\d+)$/m, read('memory.max')),
    oomKills: number(/^oom_kill (\d+)$/m, read('memory.events')),
    pressureSeconds: { cpu: pressureOf('cpu'), memory: pressureOf('memory'), io: pressureOf('io') },
  };
}

/** null where it is not there, or may not be read, or the kernel has it switched off (psi=0). */
function readText(file: string): string | null {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return null;
  }
}
