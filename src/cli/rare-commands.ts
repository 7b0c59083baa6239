import { checkCommand } from './commands/check.ts';
import { diffCommand } from './commands/diff.ts';
import { migrateCommand } from './commands/migrate.ts';
import { prometheusCommand } from './commands/prometheus.ts';
import { startupCommand, unstartupCommand } from './commands/startup.ts';
import { addMoreCommands } from './more-commands.ts';
import type { Add } from './program.ts';

/**
 * Adds what is run once on a host: it is large, and is not to be loaded with every `start`.
 * @param add adds a command
 */
export function addRareCommands(add: Add): void {
  add('prometheus', 'print what a Prometheus needs to scrape this promvisor (config)', prometheusCommand)
    .argument('<what>', 'config')
    .option('--rules', 'with the rule files that come with promvisor');
  addStartupCommands(add);
  add('check', 'read config files as start does, tell all that is wrong, and start nothing', checkCommand)
    .argument('[files...]', 'config files, or - for JSON on stdin; without one ecosystem.config.* of the folder')
    .option('--env <name>', 'lay env_<name> of the config file over env')
    .option('--only <names>', 'only these apps of the config file, as a,b');
  add('diff', 'show what start or reload of a config file would change, app by app and key by key', diffCommand)
    .argument('[file]', 'a config file, or - for JSON on stdin; without one ecosystem.config.* of the folder')
    .option('--env <name>', 'lay env_<name> of the config file over env')
    .option('--only <names>', 'only these apps of the config file, as a,b');
  add('migrate', 'move the apps of PM2 here, one by one', migrateCommand)
    .argument('<from>', 'pm2')
    .argument('[ecosystem]', 'a config file that says what the apps are')
    .option('--dry-run', 'show what would be done, and do nothing')
    .option('--home <folder>', 'home of PM2; without it PM2_HOME, else ~/.pm2')
    .option('--env <name>', 'lay env_<name> of the config file over env')
    .option('--only <names>', 'only these apps of the config file, as a,b');
  addMoreCommands(add);
}

function addStartupCommands(add: Add): void {
  const startup = add(
    'startup',
    'run the daemon from boot on, or print the command for root that sees to it',
    startupCommand,
  ).option('--print', 'print the file for the init system and change nothing');
  const unstartup = add('unstartup', 'no longer run the daemon from boot on', unstartupCommand);
  for (const command of [startup, unstartup]) {
    command
      .argument('[platform]', 'systemd, launchd or openrc; otherwise the one that runs here')
      .option('-u, --user [name]', 'user who runs it; without a name: a unit of your own, for which root is not needed')
      .option('--hp <folder>', 'home folder of that user')
      .option('--service-name <name>', 'name of the service, promvisor-<user> otherwise')
      .option('--wait-ip', 'taken from PM2: it always waits for the network');
  }
}
