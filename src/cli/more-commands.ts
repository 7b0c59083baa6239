import { Option } from 'commander';
import { addChangeFlags } from './app-flags.ts';
import { attachCommand } from './commands/attach.ts';
import { completionCommand } from './commands/completion.ts';
import { ecosystemCommand } from './commands/ecosystem.ts';
import { ELSEWHERE, elsewhereCommand } from './commands/elsewhere.ts';
import { inspectCommand } from './commands/inspect.ts';
import { reportCommand } from './commands/report.ts';
import { sendCommand } from './commands/send.ts';
import { serveCommand } from './commands/serve.ts';
import { confCommand, getCommand, multisetCommand, setCommand, unsetCommand } from './commands/settings.ts';
import { startOrCommand } from './commands/start-or.ts';
import type { Add } from './program.ts';
import { programFacts } from './program-facts.ts';
import { CHANGEABLE_KEYS } from './spec-changes.ts';

/**
 * Adds what PM2 users know and use now and then.
 * @param add adds a command
 */
export function addMoreCommands(add: Add): void {
  addStartOr(add, 'restart', 'startOrRestart');
  addStartOr(add, 'reload', 'startOrReload').alias('startOrGracefulReload');
  addServe(add);
  add('init', 'write an ecosystem.config.cjs for the app of this folder', ecosystemCommand)
    .helpGroup(APPS)
    .alias('ecosystem')
    .argument('[simple]', 'the least that works');
  add('send', 'send a line to the standard input of a fork-mode app', sendCommand)
    .helpGroup(APPS)
    .argument('<target>', TARGET)
    .argument('<line...>', 'its words')
    .allowUnknownOption();
  add('attach', 'show what apps write, and send them the lines that are typed', attachCommand)
    .helpGroup(LOOKING)
    .argument('[targets...]', TARGET);
  addSettings(add);
  add('inspect', 'open the inspector of running Node apps, on 127.0.0.1', inspectCommand)
    .helpGroup(LOOKING)
    .argument('[targets...]', TARGET);
  add('report', 'print what to paste into an issue: versions, apps, settings, log of the daemon', reportCommand);
  addCompletion(add);
  for (const word of Object.keys(ELSEWHERE)) addElsewhere(add, word);
}

const APPS = 'Apps:';
const LOOKING = 'Looking:';
const TARGET = 'an id, a name, a namespace, /regex/ or all';
const COMPLETION_HELP = `
bash:  echo 'source <(promvisor completion bash)' >> ~/.bashrc
zsh:   echo 'source <(promvisor completion zsh)' >> ~/.zshrc        (after compinit)
fish:  promvisor completion fish > ~/.config/fish/completions/promvisor.fish`;

function addStartOr(add: Add, action: 'restart' | 'reload', command: string) {
  const added = add(
    command,
    `start what is missing of a config file and ${action} the rest`,
    (context, operands, options) => startOrCommand(context, { action, command, operands, options }),
  )
    .argument('<config...>', 'config files, or - for JSON on stdin')
    .option('--env <name>', 'lay env_<name> of the config file over env')
    .option('--only <names>', 'only these apps of the config file, as a,b')
    .option('--attach', 'go on with the output of the apps, until Ctrl-C')
    .option('-a, --update-env', 'taken from PM2: a config file always brings its variables along')
    .option('--parallel <number>', 'instances of an app that are replaced at once (1)')
    .addOption(new Option('-f, --force').hideHelp())
    .helpGroup(APPS);
  addChangeFlags(added, CHANGEABLE_KEYS);
  return added;
}

function addServe(add: Add): void {
  add('serve', 'serve the files of a folder over HTTP, as an app of its own', serveCommand)
    .helpGroup(APPS)
    .alias('expose')
    .argument('[folder]', 'this folder without it')
    .argument('[port]', '8080 without it')
    .option('--port <port>', 'the same')
    .option('--host <address>', 'listen on this address only')
    .option('--spa', 'answer with index.html where there is no such file')
    .option('-n, --name <name>', 'name of the app, static-page-server-<port> without it')
    .option('--basic-auth-username <name>', 'ask for this user name')
    .option(
      '--basic-auth-password <password>',
      'and this password (or PM2_SERVE_BASIC_AUTH_PASSWORD in the environment)',
    )
    .option('--attach', 'go on with its output, until Ctrl-C')
    .option('-f, --force', 'restart it when it runs already')
    .addOption(new Option('--monitor [page]').hideHelp());
}

function addSettings(add: Add): void {
  add('get', 'show settings, or one', getCommand).argument('[key]', 'for example logs.retain');
  add('set', 'change a setting in settings.json', setCommand)
    .argument('[key]', 'for example logs.retain')
    .argument('[value]', 'for example 5');
  add('unset', 'let the default of a setting hold', unsetCommand).argument('<key...>', 'for example logs.retain');
  add('multiset', 'change several settings', multisetCommand).argument(
    '<pairs...>',
    '"logs.retain 5 logs.max_size 50M"',
  );
  add('conf', 'get or set', confCommand)
    .alias('config')
    .argument('[key]', 'for example logs.retain')
    .argument('[value]', 'sets it');
}

function addCompletion(add: Add): void {
  const about = 'print the completion for a shell; see promvisor completion --help';
  const completion = add('completion', about, (context, operands) => {
    const { parent } = completion;
    return completionCommand(context, operands, programFacts(parent ?? completion));
  });
  completion.argument('<shell>', 'bash, zsh or fish').addHelpText('after', COMPLETION_HELP);
}

/** Without a description it is not shown in the help. */
function addElsewhere(add: Add, word: string): void {
  add(word, '', async (context) => elsewhereCommand(context, word))
    .argument('[anything...]')
    .allowUnknownOption();
}
