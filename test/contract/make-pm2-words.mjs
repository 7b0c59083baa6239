/**
 * Writes pm2-words.json: the names of the commands and flags of a real PM2, out of what its help prints.
 * node test/contract/make-pm2-words.mjs <path of pm2's program>, with PM2_HOME set to a folder that may be thrown away.
 * PM2 is no dependency: npm install pm2@7.0.4 --prefix <a folder elsewhere>.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const [program] = process.argv.slice(2);
if (program === undefined || process.env.PM2_HOME === undefined)
  throw new Error('expected the path of pm2, and PM2_HOME');

function pm2(...args) {
  const env = { ...process.env, PM2_DISCRETE_MODE: 'true', NO_COLOR: '1', PM2_DISABLE_VERSION_CHECK: 'true' };
  return spawnSync(process.execPath, [program, ...args], { env, encoding: 'utf8' }).stdout;
}

/** Lines of a part of the help: `  -n --name <name>   what it does`. */
function wordsOf(help, title) {
  const [, part = ''] = help.split(new RegExp(`^ *${title}:\\s*$`, 'm'));
  const lines = part
    .split(/^ *\w+:\s*$/m)[0]
    .split('\n')
    .filter((line) => /^ {4}\S/.test(line));
  return lines.map((line) => line.trim().split(/ {2,}/)[0]);
}

const flagsOf = (help) => wordsOf(help, 'Options').flatMap((text) => text.match(/(?<=^|[ ,])--?[\w-]+/g) ?? []);
const help = pm2('--help');
const commands = wordsOf(help, 'Commands').filter((text) => text !== '*');
const names = commands.map((text) => text.split(' ')[0].split('|'));
const own = {};
for (const [at, text] of commands.entries()) {
  if (!text.includes('[options]')) continue;
  const flags = flagsOf(pm2(names[at][0], '--help')).filter((flag) => !/^(-h|--help)$/.test(flag));
  if (flags.length > 0) own[names[at][0]] = [...new Set(flags)];
}
const words = {
  version: pm2('--version').trim(),
  commands: [...new Set(names.flat())],
  flags: [...new Set(flagsOf(help))],
  flagsOfCommands: own,
};
pm2('kill');
writeFileSync(new URL('golden/pm2-words.json', import.meta.url), `${JSON.stringify(words, null, 2)}\n`);
