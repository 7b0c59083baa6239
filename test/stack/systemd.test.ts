import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { InstanceView, PingView } from '../../src/api/contract.ts';
import { type Booted, bootMachine, type Machine, type User } from '../support/machine.ts';
import { until } from '../support/until.ts';

const PMV = '/opt/promvisor/promvisor.cjs';
const APPS = `module.exports = { apps: [
  { name: 'node', script: '/opt/fixtures/says-signals.cjs' },
  { name: 'shell', script: '/opt/fixtures/waits.sh' },
  { name: 'web', script: '/opt/fixtures/http-server.cjs', instances: 2, exec_mode: 'cluster', env: { PORT: '0' } },
] };`;
/** What takes a minute or more as installed. */
const QUICK = '[Service]\nWatchdogSec=2\nTimeoutStopSec=4\n';

let booted: Booted;
let machine: Machine;

beforeAll(async () => {
  booted = await bootMachine();
  if ('machine' in booted) machine = booted.machine;
});
afterAll(() => machine?.close());
beforeEach((context) => {
  if ('reason' in booted) context.skip(booted.reason);
});

/** A daemon under systemd, and how to reach it. */
class Daemon {
  readonly user: User;
  readonly unit: string;
  readonly systemctl: string;
  readonly root: User;

  constructor(user: User, unit: string, manager: 'system' | 'user') {
    this.user = user;
    this.unit = unit;
    this.root = manager === 'user' ? user : 'root';
    this.systemctl = manager === 'user' ? 'systemctl --user' : 'systemctl';
  }

  async ping(): Promise<PingView> {
    return JSON.parse(await machine.ok(this.user, `${PMV} ping --json`));
  }
  /** Once another than this one answers, under the unit. */
  next(pid: number): Promise<PingView> {
    return until(
      async () => {
        const { code, stdout } = await machine.run(this.user, `${PMV} ping --json`);
        const ping = code === 0 ? (JSON.parse(stdout) as PingView) : null;
        return ping !== null && ping.pid !== pid && ping.unit === this.unit && ping;
      },
      { what: `another daemon of ${this.user}`, timeoutMs: 30_000 },
    );
  }
  async list(): Promise<readonly InstanceView[]> {
    return JSON.parse(await machine.ok(this.user, `${PMV} list --json`));
  }
  /** The pid of each instance, once all of them run. */
  pids(count = 4): Promise<readonly number[]> {
    return until(
      async () => {
        const { code, stdout } = await machine.run(this.user, `${PMV} list --json`);
        const rows: readonly InstanceView[] = code === 0 ? JSON.parse(stdout) : [];
        const isUp = rows.length === count && rows.every(({ status }) => status === 'running');
        return isUp && rows.map(({ pid }) => pid ?? 0);
      },
      { what: `${count} apps of ${this.user} run`, timeoutMs: 30_000 },
    );
  }
  ctl(words: string): Promise<string> {
    return machine.ok(this.root, `${this.systemctl} ${words}`);
  }
  show(property: string): Promise<string> {
    return this.ctl(`show --value -p ${property} ${this.unit}`).then((text) => text.trim());
  }
  kill(signal: string, pid: number): Promise<string> {
    return machine.ok('root', `kill -${signal} ${pid}`);
  }
}

async function alive(pids: readonly number[]): Promise<readonly boolean[]> {
  const stats = await Promise.all(pids.map((pid) => machine.run('root', `cut -d' ' -f3 /proc/${pid}/stat`)));
  return stats.map(({ code, stdout }) => code === 0 && !/^[ZX]/.test(stdout));
}

/** Processes of a pid namespace are seen inside only. */
const gone = (pids: readonly number[]) =>
  until(async () => (await alive(pids)).every((is) => !is), { what: 'every app is gone', timeoutMs: 30_000 });

const ofRoot = new Daemon('root', 'promvisor-root.service', 'system');
const ofAnn = new Daemon('ann', 'promvisor-ann.service', 'system');
const ofBob = new Daemon('bob', 'promvisor.service', 'user');

describe('a real systemd: a unit of the system', () => {
  beforeAll(async () => {
    if (machine === undefined) return;
    machine.write('/opt/apps.config.cjs', APPS);
    await machine.ok('root', `${PMV} start /opt/apps.config.cjs`);
  });

  test('startup as root takes over the daemon that a command had started, and its apps stay', async () => {
    const pids = await ofRoot.pids();
    const before = await ofRoot.ping();
    expect(before).toMatchObject({ restartedBy: 'next-command', unit: null });
    const said = await machine.ok('root', `${PMV} startup`);
    expect(said).toContain('wrote /etc/systemd/system/promvisor-root.service\n');
    const ping = await ofRoot.next(before.pid);
    expect(ping).toMatchObject({ restartedBy: 'systemd', unit: 'promvisor-root.service', adopted: 4 });
    expect(await ofRoot.pids()).toEqual(pids);
    expect(await ofRoot.show('MainPID')).toBe(String(ping.pid));
    expect(await ofRoot.show('ActiveState')).toBe('active');
    expect(await ofRoot.show('StatusText')).toBe('4 of 4 up, home /root/.promvisor');
    expect(await ofRoot.ctl('is-enabled promvisor-root')).toBe('enabled\n');
    const verified = await machine.run('root', 'systemd-analyze verify promvisor-root.service');
    expect(verified).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('a killed daemon is started again, and the apps never stop', async () => {
    const pids = await ofRoot.pids();
    const { pid } = await ofRoot.ping();
    await ofRoot.kill('KILL', pid);
    expect(await ofRoot.next(pid)).toMatchObject({ restartedBy: 'systemd', adopted: 4 });
    expect(await ofRoot.pids()).toEqual(pids);
    expect(await ofRoot.show('NRestarts')).toBe('1');
  });

  test('a command that comes between the crash and the restart waits for the unit', async () => {
    const pids = await ofRoot.pids();
    const { pid } = await ofRoot.ping();
    await ofRoot.kill('KILL', pid);
    await machine.ok('root', `${PMV} list`);
    const ping = await ofRoot.ping();
    expect(ping).toMatchObject({ unit: 'promvisor-root.service', adopted: 4 });
    expect(await ofRoot.show('MainPID')).toBe(String(ping.pid));
    expect(await ofRoot.pids()).toEqual(pids);
  });

  test('a restart of the unit restarts no app', async () => {
    machine.write('/etc/systemd/system/promvisor-root.service.d/quick.conf', QUICK);
    const pids = await ofRoot.pids();
    const { pid } = await ofRoot.ping();
    await ofRoot.ctl('daemon-reload');
    await ofRoot.ctl('restart promvisor-root');
    expect(await ofRoot.next(pid)).toMatchObject({ adopted: 4 });
    expect(await ofRoot.pids()).toEqual(pids);
    expect((await ofRoot.list()).map(({ restarts }) => restarts)).toEqual([0, 0, 0, 0]);
    expect(await machine.ok('root', `cat /root/.promvisor/logs/node-out.log`)).not.toContain('got');
  });

  test('a daemon that hangs is replaced by the watchdog, and the apps never stop', async () => {
    const pids = await ofRoot.pids();
    const { pid } = await ofRoot.ping();
    await ofRoot.kill('STOP', pid);
    expect(await ofRoot.next(pid)).toMatchObject({ adopted: 4 });
    expect(await ofRoot.pids()).toEqual(pids);
    expect(await machine.ok('root', 'journalctl -u promvisor-root --no-pager')).toContain('Watchdog timeout');
  });

  test('one that says that it lives is left alone', async () => {
    const { pid } = await ofRoot.ping();
    const saidAt = () => ofRoot.show('WatchdogTimestampMonotonic').then(Number);
    const first = await saidAt();
    // More than WatchdogSec=2.
    await until(async () => (await saidAt()) > first + 4_000_000, { what: 'it was said for 4 s', timeoutMs: 20_000 });
    expect((await ofRoot.ping()).pid).toBe(pid);
  });

  test('a stop of the unit stops every app as promvisor does, and a start brings them back', async () => {
    const pids = await ofRoot.pids();
    await ofRoot.ctl('stop promvisor-root');
    expect(await alive(pids)).toEqual([false, false, false, false]);
    expect(await machine.ok('root', 'cat /root/.promvisor/logs/node-out.log')).toContain('got SIGINT');
    expect(await ofRoot.show('Result')).toBe('success');
    await ofRoot.ctl('start promvisor-root');
    expect(await ofRoot.pids()).not.toEqual(pids);
  });

  test('a stop that an app holds up for longer than TimeoutStopSec ends it all the same', async () => {
    await machine.ok('root', `${PMV} start /opt/fixtures/ignores-sigint.sh --name deaf --kill-timeout 60000`);
    const pids = await ofRoot.pids(5);
    await ofRoot.ctl('stop promvisor-root');
    expect(await alive(pids)).toEqual([false, false, false, false, false]);
    expect(await ofRoot.show('Result')).toBe('timeout');
    // Nobody stopped them by name: they come back.
    await ofRoot.ctl('start promvisor-root');
    await ofRoot.pids(5);
    const deaf = async () => (await ofRoot.list()).find(({ app }) => app === 'deaf');
    const deleted = machine.ok('root', `${PMV} delete deaf`);
    const { pid } = await until(async () => ((await deaf())?.status === 'stopping' ? deaf() : null), {
      what: 'it is told',
    });
    await ofRoot.kill('KILL', pid ?? 0);
    await deleted;
    await ofRoot.ctl('stop promvisor-root');
  });

  test('a command that needs a daemon starts the unit, and not one of its own', async () => {
    await machine.ok('root', `${PMV} start /opt/fixtures/waits.cjs --name more`);
    const ping = await ofRoot.ping();
    expect(await ofRoot.show('MainPID')).toBe(String(ping.pid));
    await ofRoot.pids(5);
    await machine.ok('root', `${PMV} delete more`);
  });

  test('kill ends it all, and nothing starts it again', async () => {
    const pids = await ofRoot.pids();
    await machine.ok('root', `${PMV} kill`);
    await gone(pids);
    expect(await machine.run('root', `${PMV} ping`)).toMatchObject({ code: 3 });
    await until(async () => (await ofRoot.show('ActiveState')) === 'inactive', { what: 'the unit is at rest' });
    await machine.ok('root', `${PMV} start /opt/apps.config.cjs`);
    expect(await ofRoot.ping()).toMatchObject({ unit: 'promvisor-root.service' });
  });
});

describe('a real systemd: users', () => {
  test('startup prints the command for root, who runs it', async () => {
    const printed = await machine.run('ann', `${PMV} startup`);
    expect(printed.code).toBe(1);
    const [words, command = ''] = printed.stdout.split('\n');
    expect(words).toBe('To setup the Startup Script, copy/paste the following command:');
    expect(command).toBe(`sudo env PATH=$PATH:/opt/node/bin ${PMV} startup systemd -u ann --hp /home/ann`);
    await machine.ok('root', command.replace('sudo ', ''));
    await machine.ok('ann', `${PMV} start /opt/apps.config.cjs`);
    const ping = await ofAnn.ping();
    expect(ping).toMatchObject({ restartedBy: 'systemd', home: '/home/ann/.promvisor' });
    expect(await ofAnn.show('MainPID')).toBe(String(ping.pid));
    const [pid = 0] = await ofAnn.pids();
    expect(await machine.ok('root', `stat -c %U /proc/${pid} /proc/${ping.pid}`)).toBe('ann\nann\n');
  });

  test('the unit of a user is restarted, killed and watched like the one of root', async () => {
    const pids = await ofAnn.pids();
    const { pid } = await ofAnn.ping();
    await ofAnn.ctl('restart promvisor-ann');
    const second = await ofAnn.next(pid);
    expect(await ofAnn.pids()).toEqual(pids);
    await ofAnn.kill('KILL', second.pid);
    await ofAnn.next(second.pid);
    expect(await ofAnn.pids()).toEqual(pids);
    await ofAnn.ctl('stop promvisor-ann');
    expect(await alive(pids)).toEqual([false, false, false, false]);
  });

  test('a second unit with the same home gives up', async () => {
    await ofAnn.ctl('start promvisor-ann');
    const { pid } = await ofAnn.ping();
    const second = await machine.run('root', `${PMV} startup -u ann --service-name second`);
    expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining('systemctl enable --now second.service') });
    const other = new Daemon('ann', 'second.service', 'system');
    expect([await other.show('ExecMainStatus'), await other.show('NRestarts')]).toEqual(['78', '0']);
    expect((await ofAnn.ping()).pid).toBe(pid);
    await machine.ok('root', `${PMV} unstartup -u ann --service-name second`);
  });

  test('the hardening of docs/startup.md leaves the apps alone', async () => {
    const page = readFileSync(new URL('../../docs/startup.md', import.meta.url), 'utf8');
    const dropIn = /^\[Service\]\nNoNewPrivileges[^`]*/m.exec(page)?.[0] ?? '';
    machine.write('/etc/systemd/system/promvisor-ann.service.d/hard.conf', dropIn);
    await ofAnn.ctl('daemon-reload');
    await ofAnn.ctl('stop promvisor-ann');
    await ofAnn.ctl('start promvisor-ann');
    const [pid = 0] = await ofAnn.pids();
    expect(await machine.ok('root', `grep NoNewPrivs /proc/${pid}/status`)).toBe('NoNewPrivs:\t1\n');
    expect((await ofAnn.list()).map(({ restarts }) => restarts)).toEqual([0, 0, 0, 0]);
    await ofAnn.ctl('stop promvisor-ann');
  });

  test('where a user may not start the unit, a daemon of a command serves until the unit takes over', async () => {
    await machine.ok('ann', `${PMV} start all`);
    const pids = await ofAnn.pids();
    const ping = await ofAnn.ping();
    expect(ping).toMatchObject({ unit: null, restartedBy: 'next-command' });
    await ofAnn.ctl('start promvisor-ann');
    expect(await ofAnn.next(ping.pid)).toMatchObject({ adopted: 4 });
    expect(await ofAnn.pids()).toEqual(pids);
  });

  test('startup --user needs no root', async () => {
    // As a login would.
    await machine.ok('root', 'systemctl start user@1001');
    await machine.ok('bob', `${PMV} start /opt/apps.config.cjs`);
    const pids = await ofBob.pids();
    const { pid } = await ofBob.ping();
    const said = await machine.run('bob', `${PMV} startup --user`);
    expect(said.stderr).toBe('');
    expect(said.stdout).toContain('wrote /home/bob/.config/systemd/user/promvisor.service\n');
    expect(await ofBob.next(pid)).toMatchObject({ restartedBy: 'systemd', adopted: 4 });
    expect(await ofBob.pids()).toEqual(pids);
    expect(said.code).toBe(0);
    expect(said.stdout).toContain('bob lingers: no login is needed\n');
  });

  test('a unit of a user manager: killed, restarted, stopped, started by a command', async () => {
    const pids = await ofBob.pids();
    const { pid } = await ofBob.ping();
    await ofBob.kill('KILL', pid);
    const second = await ofBob.next(pid);
    await ofBob.ctl('restart promvisor');
    await ofBob.next(second.pid);
    expect(await ofBob.pids()).toEqual(pids);
    await ofBob.ctl('stop promvisor');
    expect(await alive(pids)).toEqual([false, false, false, false]);
    await machine.ok('bob', `${PMV} start /opt/fixtures/waits.cjs --name more`);
    expect(await ofBob.ping()).toMatchObject({ unit: 'promvisor.service' });
    await ofBob.pids(5);
    await machine.ok('bob', `${PMV} delete more`);
  });
});

describe('a real systemd: boots', () => {
  test('a reboot stops the apps as promvisor does, and brings all of them back', async () => {
    const all = [ofRoot, ofAnn, ofBob];
    for (const { user } of all) await machine.ok(user, `${PMV} flush`);
    for (const daemon of all) expect(await daemon.pids()).toHaveLength(4);
    await machine.reboot();
    for (const daemon of all) {
      expect(await daemon.next(0)).toMatchObject({ restartedBy: 'systemd', adopted: 0 });
      expect(await daemon.pids()).toHaveLength(4);
      const log = await machine.ok(daemon.user, 'cat ~/.promvisor/logs/node-out.log');
      expect(log.split('\n').map((line) => line.replace(/\d+/, 'PID'))).toEqual(['got SIGINT', 'ready PID', '']);
    }
  });

  test('unstartup leaves the daemon and the apps alone until the next boot', async () => {
    const pids = await ofRoot.pids();
    const { pid } = await ofRoot.ping();
    const printed = await machine.run('ann', `${PMV} unstartup`);
    expect(printed.code).toBe(1);
    await machine.ok('root', `${PMV} unstartup`);
    await machine.ok('root', printed.stdout.split('\n').at(-2)?.replace('sudo ', '') ?? '');
    await machine.ok('bob', `${PMV} unstartup --user`);
    expect((await ofRoot.ping()).pid).toBe(pid);
    await ofRoot.kill('KILL', pid);
    await ofRoot.next(pid);
    expect(await ofRoot.pids()).toEqual(pids);
    expect(await machine.ok('root', `${PMV} unstartup`)).toBe(
      'nothing to remove: /etc/systemd/system/promvisor-root.service is not there\n',
    );
    await machine.reboot();
    for (const user of ['root', 'ann', 'bob'] as const) {
      expect(await machine.run(user, `${PMV} ping`)).toMatchObject({ code: 3 });
    }
    await machine.ok('root', `${PMV} start /opt/fixtures/waits.cjs`);
    expect(await ofRoot.ping()).toMatchObject({ restartedBy: 'next-command', unit: null });
  });
});
