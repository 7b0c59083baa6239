import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openCgroup } from '../../src/os/cgroup.ts';

/** A root of a file system with these files. */
function rootWith(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(path.join(tmpdir(), 'promvisor-cgroup-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), content);
  }
  return root;
}

function mountinfo(top = '/', at = '/sys/fs/cgroup'): string {
  return [
    '22 27 0:20 / /sys rw,nosuid shared:7 - sysfs sysfs rw',
    `28 22 0:25 ${top} ${at} rw,nosuid,nodev shared:4 master:9 - cgroup2 cgroup2 rw,nsdelegate`,
    '',
  ].join('\n');
}

const pressure = (some: number, full: number) =>
  `some avg10=0.00 avg60=0.12 avg300=0.05 total=${some}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=${full}\n`;

const GROUP: Readonly<Record<string, string>> = {
  'memory.current': '123456789\n',
  'memory.max': '500000000\n',
  'memory.events': 'low 0\nhigh 4\nmax 17\noom 3\noom_kill 2\noom_group_kill 1\n',
  'cpu.pressure': pressure(1_500_000, 250_000),
  'memory.pressure': pressure(10, 0),
  'io.pressure': pressure(3_000_000, 2_000_000),
};

function group(folder: string, files = GROUP): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]));
}

const SERVICE = '/system.slice/promvisor.service';
const FIGURES = {
  memoryBytes: 123_456_789,
  memoryLimitBytes: 500_000_000,
  oomKills: 2,
  pressureSeconds: {
    cpu: { some: 1.5, full: 0.25 },
    memory: { some: 0.000_01, full: 0 },
    io: { some: 3, full: 2 },
  },
};

describe('the control group', () => {
  it('of a service is read', () => {
    const root = rootWith({
      'proc/self/cgroup': `0::${SERVICE}\n`,
      'proc/self/mountinfo': mountinfo(),
      ...group(`sys/fs/cgroup${SERVICE}`),
    });
    expect(openCgroup(root).read()).toEqual(FIGURES);
  });

  it('is read anew each time', () => {
    const root = rootWith({
      'proc/self/cgroup': `0::${SERVICE}\n`,
      'proc/self/mountinfo': mountinfo(),
      ...group(`sys/fs/cgroup${SERVICE}`),
    });
    const cgroup = openCgroup(root);
    cgroup.read();
    writeFileSync(path.join(root, `sys/fs/cgroup${SERVICE}/memory.current`), '7\n');
    expect(cgroup.read()?.memoryBytes).toBe(7);
  });

  it.each([
    ['in a namespace of its own', '0::/\n', mountinfo(), 'sys/fs/cgroup'],
    ['seen from outside', '0::/docker/abc\n', mountinfo('/docker/abc'), 'sys/fs/cgroup'],
    ['below what is mounted', '0::/docker/abc/app\n', mountinfo('/docker/abc'), 'sys/fs/cgroup/app'],
    [
      'beside version 1',
      `3:memory:/x\n0::${SERVICE}\n`,
      mountinfo('/', '/sys/fs/cgroup/unified'),
      `sys/fs/cgroup/unified${SERVICE}`,
    ],
  ])('of a container %s is found', (_, own, mounts, folder) => {
    const root = rootWith({ 'proc/self/cgroup': own, 'proc/self/mountinfo': mounts, ...group(folder) });
    expect(openCgroup(root).read()).toEqual(FIGURES);
  });

  it('without a limit has none', () => {
    const files = { ...GROUP, 'memory.max': 'max\n' };
    const root = rootWith({
      'proc/self/cgroup': '0::/\n',
      'proc/self/mountinfo': mountinfo(),
      ...group('sys/fs/cgroup', files),
    });
    expect(openCgroup(root).read()).toEqual({ ...FIGURES, memoryLimitBytes: null });
  });

  it('tells what there is: the root group has no memory, a kernel may have no PSI, cpu no full', () => {
    const files = { 'cpu.pressure': 'some avg10=0.00 avg60=0.00 avg300=0.00 total=2000000\n' };
    const root = rootWith({
      'proc/self/cgroup': '0::/\n',
      'proc/self/mountinfo': mountinfo(),
      ...group('sys/fs/cgroup', files),
    });
    const nothing = { some: null, full: null };
    expect(openCgroup(root).read()).toEqual({
      memoryBytes: null,
      memoryLimitBytes: null,
      oomKills: null,
      pressureSeconds: { cpu: { some: 2, full: null }, memory: nothing, io: nothing },
    });
  });

  it.each([
    ['no /proc', {}],
    [
      'version 1 alone',
      {
        'proc/self/cgroup': '4:memory:/x\n1:cpu:/\n',
        'proc/self/mountinfo': '31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n',
      },
    ],
    [
      'version 2 that is mounted nowhere',
      { 'proc/self/cgroup': '0::/\n', 'proc/self/mountinfo': '22 27 0:20 / /sys rw - sysfs sysfs rw\n' },
    ],
    ['a group outside of the mount', { 'proc/self/cgroup': '0::/../other\n', 'proc/self/mountinfo': mountinfo() }],
    [
      'a group beside the mount',
      { 'proc/self/cgroup': '0::/other\n', 'proc/self/mountinfo': mountinfo('/docker/abc') },
    ],
  ])('with %s is nothing', (_, files) => {
    expect(openCgroup(rootWith({ ...files, ...group('sys/fs/cgroup'), ...group('sys/fs/other') })).read()).toBeNull();
  });

  it('of this machine is read or is not there', () => {
    const figures = openCgroup().read();
    if (figures !== null) expect(figures.memoryBytes ?? 1).toBeGreaterThan(0);
  });
});
