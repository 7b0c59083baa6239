import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { notedUnit, parseUnit, unitNote, unitText } from '../../src/base/unit.ts';
import { launchdAgent } from '../../src/cli/startup/launchd.ts';
import { openrcScript } from '../../src/cli/startup/openrc.ts';
import type { Service } from '../../src/cli/startup/service.ts';
import { shellWord } from '../../src/cli/startup/shell-word.ts';
import { systemdUnit } from '../../src/cli/startup/systemd.ts';
import { jobIn } from '../../src/daemon/unit/job.ts';
import { privateHome } from '../support/fake-daemon.ts';
import { runCli } from '../support/in-process-cli.ts';
import { needsPrograms } from '../support/programs.ts';

const SERVICE: Service = {
  name: 'promvisor-ann',
  manager: 'system',
  user: 'ann',
  home: '/home/ann/.promvisor',
  node: '/usr/bin/node',
  daemonFile: '/usr/lib/node_modules/promvisor/dist/bin/daemon.cjs',
  cliFile: '/usr/lib/node_modules/promvisor/dist/bin/promvisor.cjs',
  nodeFlags: ['--max-semi-space-size=1'],
  path: '/usr/local/bin:/usr/bin',
};
/** Everything that one of the files gives a meaning to. */
const ODD: Service = {
  ...SERVICE,
  node: '/opt/a b/100%/$HOME/"q"/node',
  daemonFile: "/opt/it's/<d>&amp;/daemon.cjs",
  home: '/srv/50% "of" $it\\all',
  path: '/bin:/opt/with space:/opt/%h',
};

describe('the unit of systemd', () => {
  test('of the system', () => {
    expect(systemdUnit(SERVICE)).toMatchInlineSnapshot(`
      "# Written by: promvisor startup. Taken away by: promvisor unstartup
      [Unit]
      Description=promvisor daemon of ann (/home/ann/.promvisor)
      Wants=network-online.target
      After=network-online.target remote-fs.target
      StartLimitIntervalSec=0

      [Service]
      Type=notify
      NotifyAccess=all
      User=ann
      Environment=PATH=/usr/local/bin:/usr/bin
      Environment=PROMVISOR_HOME=/home/ann/.promvisor
      ExecStart=/usr/bin/node --max-semi-space-size=1 /usr/lib/node_modules/promvisor/dist/bin/daemon.cjs --unit=system:%n
      ExecReload=/usr/bin/node /usr/lib/node_modules/promvisor/dist/bin/promvisor.cjs reload all
      ExecStopPost=/usr/bin/node /usr/lib/node_modules/promvisor/dist/bin/daemon.cjs --unit=system:%n --end-left
      KillMode=process
      TimeoutStopSec=90
      Restart=on-failure
      RestartSec=1
      RestartPreventExitStatus=78
      WatchdogSec=60
      WatchdogSignal=SIGKILL
      OOMPolicy=continue
      LimitNOFILE=1048576
      TasksMax=infinity

      [Install]
      WantedBy=multi-user.target
      "
    `);
  });

  test('of a user has neither a user nor a network to wait for', () => {
    const unit = systemdUnit({ ...SERVICE, manager: 'user' });
    expect(unit).not.toMatch(/^User=|network-online|remote-fs/m);
    expect(unit).toContain('--unit=user:%n\n');
    expect(unit).toContain('WantedBy=default.target\n');
  });

  test('turns off what systemd would read into a path', () => {
    const lines = systemdUnit(ODD).split('\n');
    const line = (key: string) => lines.find((one) => one.startsWith(key));
    expect(line('ExecStart=')).toBe(
      'ExecStart="/opt/a b/100%%/$HOME/\\"q\\"/node" --max-semi-space-size=1 "/opt/it\'s/<d>&amp;/daemon.cjs" --unit=system:%n',
    );
    expect(line('Environment="PROMVISOR_HOME')).toBe('Environment="PROMVISOR_HOME=/srv/50%% \\"of\\" $it\\\\all"');
    expect(line('Environment="PATH')).toBe('Environment="PATH=/bin:/opt/with space:/opt/%%h"');
    const withDollar = systemdUnit({ ...SERVICE, daemonFile: '/opt/$a/daemon.cjs' });
    expect(withDollar).toContain(' "/opt/$$a/daemon.cjs" ');
  });

  test.for(['system', 'user'] as const)('of the %s: systemd finds nothing to complain of', (manager, context) => {
    needsPrograms(context, 'systemd-analyze');
    const folder = mkdtempSync(path.join(tmpdir(), 'pmv-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const file = path.join(folder, 'promvisor-ann.service');
    // Its programs have to be there.
    const service = { ...SERVICE, manager, node: process.execPath, user: 'root' };
    writeFileSync(file, systemdUnit(service));
    const options = { encoding: 'utf8', env: { ...process.env, XDG_RUNTIME_DIR: folder } } as const;
    const { status, stdout, stderr } = spawnSync('systemd-analyze', [`--${manager}`, 'verify', file], options);
    expect([status, stdout + stderr]).toEqual([0, '']);
  });
});

describe('the other init systems', () => {
  test('launchd', () => {
    expect(launchdAgent({ ...SERVICE, name: 'promvisor.ann', manager: 'user' })).toMatchInlineSnapshot(`
      "<?xml version="1.0" encoding="UTF-8"?>
      <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
      <!-- Written by: promvisor startup. Taken away by: promvisor unstartup -->
      <plist version="1.0">
      <dict>
        <key>Label</key>
        <string>promvisor.ann</string>
        <key>ProgramArguments</key>
        <array>
          <string>/usr/bin/node</string>
          <string>--max-semi-space-size=1</string>
          <string>/usr/lib/node_modules/promvisor/dist/bin/daemon.cjs</string>
        </array>
        <key>EnvironmentVariables</key>
        <dict>
          <key>PATH</key>
          <string>/usr/local/bin:/usr/bin</string>
          <key>PROMVISOR_HOME</key>
          <string>/home/ann/.promvisor</string>
        </dict>
        <key>WorkingDirectory</key>
        <string>/</string>
        <key>RunAtLoad</key>
        <true/>
        <key>KeepAlive</key>
        <dict>
          <key>SuccessfulExit</key>
          <false/>
        </dict>
        <key>AbandonProcessGroup</key>
        <true/>
        <key>ExitTimeOut</key>
        <integer>90</integer>
        <key>SoftResourceLimits</key>
        <dict>
          <key>NumberOfFiles</key>
          <integer>1048576</integer>
        </dict>
        <key>StandardErrorPath</key>
        <string>/home/ann/.promvisor/daemon/stderr.log</string>
      </dict>
      </plist>
      "
    `);
    expect(launchdAgent(ODD)).toContain("<string>/opt/it's/&lt;d&gt;&amp;amp;/daemon.cjs</string>");
  });

  test('a property list that Python reads back', (context) => {
    needsPrograms(context, 'python3');
    const read = 'import json, plistlib, sys; print(json.dumps(plistlib.loads(sys.stdin.buffer.read())))';
    const { stdout } = spawnSync('python3', ['-c', read], { input: launchdAgent(ODD), encoding: 'utf8' });
    const agent = JSON.parse(stdout);
    expect(agent.ProgramArguments).toEqual([ODD.node, '--max-semi-space-size=1', ODD.daemonFile]);
    expect(agent.EnvironmentVariables).toEqual({ PATH: ODD.path, PROMVISOR_HOME: ODD.home });
  });

  test('OpenRC', () => {
    expect(openrcScript({ ...SERVICE, name: 'promvisor' })).toMatchInlineSnapshot(`
      "#!/sbin/openrc-run
      # Written by: promvisor startup. Taken away by: promvisor unstartup
      description='promvisor daemon of ann (/home/ann/.promvisor)'
      supervisor=supervise-daemon
      command=/usr/bin/node
      command_args='--max-semi-space-size=1 /usr/lib/node_modules/promvisor/dist/bin/daemon.cjs'
      command_user=ann
      supervise_daemon_args='--env PATH=/usr/local/bin:/usr/bin --env PROMVISOR_HOME=/home/ann/.promvisor'
      directory=/
      respawn_delay=1
      respawn_max=0
      retry=TERM/90/KILL/5
      rc_ulimit='-n 1048576'

      depend() {
        need localmount
        use net
        after firewall
      }
      "
    `);
  });

  test('the script says to the shell what was meant, whatever is in it', () => {
    const script = `${openrcScript(ODD)}\nprintf '%s\\n' "$command" "$description"; eval "set -- $command_args"; printf '%s\\n' "$@"`;
    const { stdout, stderr } = spawnSync('sh', ['-c', script], { encoding: 'utf8' });
    expect(stderr).toBe('');
    const description = `promvisor daemon of ann (${ODD.home})`;
    expect(stdout.split('\n')).toEqual([ODD.node, description, '--max-semi-space-size=1', ODD.daemonFile, '']);
  });

  test('a word of the shell', () => {
    expect(['a/b:c=d', '', "it's", 'a b'].map(shellWord)).toEqual(['a/b:c=d', "''", "'it'\\''s'", "'a b'"]);
  });
});

describe('startup --print', () => {
  const home = () => privateHome();
  const print = async (...argv: string[]) => runCli(home(), ['startup', ...argv, '--print']);

  test('prints the file and nothing else', async () => {
    expect((await print('systemd')).out).toMatch(
      /^# Written by: promvisor startup[\s\S]*WantedBy=multi-user.target\n$/,
    );
    expect((await print('launchd')).out).toMatch(/^<\?xml/);
    expect((await print('openrc')).out).toMatch(/^#!\/sbin\/openrc-run\n/);
    expect((await print('systemd', '--user')).out).toContain('WantedBy=default.target\n');
    // The other way round it reads as a user of that name.
    expect((await print('--user', 'systemd')).out).toContain('WantedBy=default.target\n');
  });

  test('for a user: the home is that of PM2’s --hp', async () => {
    const { out } = await print('systemd', '-u', 'root', '--hp', '/srv/x');
    expect(out).toContain('User=root\nEnvironment=PATH=/nowhere:');
    expect(out).toContain('Environment=PROMVISOR_HOME=/srv/x/.promvisor\n');
  });

  test('with a name of its own', async () => {
    expect((await print('launchd', '--service-name', 'my.apps')).out).toContain('<string>my.apps</string>');
  });

  test.each([
    [['upstart'], 'platform: expected systemd, launchd, openrc, got "upstart"'],
    [['systemd', '-u', 'no-such-user'], '--user: expected a user of this machine, got "no-such-user"'],
    [['systemd', '--hp', 'relative'], '--hp: expected an absolute path on one line, got "relative"'],
    [['systemd', '--hp', '/a\nUser=root'], '--hp: expected an absolute path on one line, got "/a\\nUser=root"'],
    [['systemd', '--service-name', 'a/b'], '--service-name: expected letters, digits and : . _ @ -, got "a/b"'],
    [['openrc', '--user'], '--user: openrc has no services of a user; give a name: --user NAME'],
  ])('%j is refused', async (argv, message) => {
    expect((await print(...argv)).error?.message).toBe(message);
  });
});

describe('which job systemd runs for a unit', () => {
  const jobs = [
    '1204 promvisor-ann.service  restart running',
    '1205 promvisor.service      stop    running',
    '1206 other.service          start   waiting',
    '',
  ].join('\n');

  test('is read from list-jobs', () => {
    expect(jobIn(jobs, 'promvisor-ann.service')).toBe('restart');
    expect(jobIn(jobs, 'promvisor.service')).toBe('stop');
    expect(jobIn(jobs, 'other.service')).toBe('none');
    expect(jobIn(jobs, 'ann.service')).toBe('none');
    expect(jobIn('No jobs running.\n', 'promvisor.service')).toBe('none');
    expect(jobIn('7 promvisor.service try-restart waiting', 'promvisor.service')).toBe('restart');
  });
});

describe('the unit of a home', () => {
  test('is noted as the flag has it', () => {
    const home = privateHome();
    expect(notedUnit(home)).toBeNull();
    const unit = { manager: 'user', name: 'promvisor.service' } as const;
    writeFileSync(unitNote(home), `${unitText(unit)}\n`);
    expect(notedUnit(home)).toEqual(unit);
    for (const text of ['', 'promvisor.service', 'host:a.service', 'system:', 'system:a b', 'system:--help']) {
      expect(parseUnit(text)).toBeNull();
    }
  });
});
