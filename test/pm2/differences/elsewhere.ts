import type { Difference } from '../compare.ts';

/** Lines of scripts/elsewhere.sh that are answered otherwise than by one line that says what to use. */
export const ELSEWHERE_HELP: readonly Difference[] = [
  {
    command: 'pm2 deepUpdate --help',
    pm2: [
      '    Usage: deepUpdate [options]',
      '',
      '    performs a deep update of PM2',
      '',
      '    Options:',
      '',
      '      -h, --help  output usage information',
    ],
    ours: [
      '  Usage: promvisor deepUpdate [options] [anything...]',
      '  Options:',
      '    -h, --help  display help for command',
    ],
    why: 'the help of promvisor: the command is not here',
  },
  {
    command: 'pm2 logrotate --help',
    pm2: [
      '    Usage: logrotate [options]',
      '',
      '    copy default logrotate configuration',
      '',
      '    Options:',
      '',
      '      -h, --help  output usage information',
    ],
    ours: [
      '  Usage: promvisor logrotate [options] [anything...]',
      '  Options:',
      '    -h, --help  display help for command',
    ],
    why: 'the help of promvisor: the command is not here',
  },
  {
    command: 'pm2 profile:cpu --help',
    pm2: [
      '    Usage: profile:cpu [options] [time]',
      '',
      '    Profile PM2 cpu',
      '',
      '    Options:',
      '',
      '      -h, --help  output usage information',
    ],
    ours: [
      '  Usage: promvisor profile:cpu [options] [anything...]',
      '  Options:',
      '    -h, --help  display help for command',
    ],
    why: 'the help of promvisor: the command is not here',
  },
  {
    command: 'pm2 profile:mem --help',
    pm2: [
      '    Usage: profile:mem [options] [time]',
      '',
      '    Sample PM2 heap memory',
      '',
      '    Options:',
      '',
      '      -h, --help  output usage information',
    ],
    ours: [
      '  Usage: promvisor profile:mem [options] [anything...]',
      '  Options:',
      '    -h, --help  display help for command',
    ],
    why: 'the help of promvisor: the command is not here',
  },
  {
    command: 'pm2 install-otel --help',
    pm2: [
      '    Usage: install-otel [options]',
      '',
      '    install OpenTelemetry tracing packages (required for --trace)',
      '',
      '    Options:',
      '',
      '      -h, --help  output usage information',
    ],
    ours: [
      '  Usage: promvisor install-otel [options] [anything...]',
      '  Options:',
      '    -h, --help  display help for command',
    ],
    why: 'the help of promvisor: the command is not here',
  },
  {
    command: 'pm2 uninstall-otel --help',
    pm2: [
      '    Usage: uninstall-otel [options]',
      '',
      '    remove OpenTelemetry tracing packages',
      '',
      '    Options:',
      '',
      '      -h, --help  output usage information',
    ],
    ours: [
      '  Usage: promvisor uninstall-otel [options] [anything...]',
      '  Options:',
      '    -h, --help  display help for command',
    ],
    why: 'the help of promvisor: the command is not here',
  },
];
