import { describe, expect, test } from 'vitest';
import { ELSEWHERE } from '../../src/cli/commands/elsewhere.ts';
import { wholeProgram } from '../../src/cli/manual.ts';
import type { CommandFacts } from '../../src/cli/program-facts.ts';
import { privateHome } from '../support/fake-daemon.ts';
import { runCli } from '../support/in-process-cli.ts';
import { type Pm2Row, pm2Rows, pm2Words } from '../support/pm2-doc.ts';

const program = wholeProgram();
const words = pm2Words();
const commands = pm2Rows('Commands');
const flags = pm2Rows('Flags');
const flagsOfCommands = pm2Rows('Flags of single commands');
const every = [...commands, ...flags, ...flagsOfCommands];

/** Not in PM2's own help, and known all the same. */
const UNLISTED = ['log'];
/** Made by the screen of its own, not by the command line. */
const ON_SCREEN = ['monit'];

const told = (rows: readonly Pm2Row[]) => rows.flatMap((row) => row.words).sort();
const isHere = ({ verdict }: Pm2Row) => verdict === 'same' || verdict === 'better';
const shown = program.commands.filter(({ hidden }) => !hidden);
const commandOf = (word: string | undefined): CommandFacts | undefined =>
  shown.find(({ name, aliases }) => name === word || aliases.includes(word ?? ''));
const spellings = (list: CommandFacts['flags']) =>
  list.flatMap(({ hidden, short, long }) => (hidden ? [] : [short, long]));

describe('docs/pm2.md', () => {
  test('has one row for each command of PM2', () => {
    expect(told(commands)).toEqual([...words.commands, ...UNLISTED].sort());
  });

  test('has one row for each flag of PM2, and for each flag of a command that is here', () => {
    expect(told(flags)).toEqual([...words.flags].sort());
    const here = new Set(commands.filter(isHere).flatMap((row) => row.words));
    const own = Object.entries(words.flagsOfCommands).flatMap(([command, list]) =>
      here.has(command) ? list.map((flag) => `${command} ${flag}`) : [],
    );
    expect(told(flagsOfCommands)).toEqual(own.sort());
  });

  test('knows three verdicts; what is better or not supported says how, why or what instead', () => {
    expect(every.filter(({ verdict }) => !['same', 'better', 'not supported'].includes(verdict))).toEqual([]);
    const silent = every.filter((row) => row.verdict !== 'same' && row.note === '');
    expect(silent).toEqual([]);
    expect(every.filter((row) => isHere(row) !== (row.here !== null))).toEqual([]);
  });

  test('a command that is here is one of ours, under all its names', () => {
    const missing = commands.filter(isHere).flatMap(({ words: names, here }) => {
      return [here ?? 'nothing', ...names].filter(
        (word) => !ON_SCREEN.includes(here ?? '') && commandOf(word) === undefined,
      );
    });
    expect(missing).toEqual([]);
  });

  test('a flag that is here is one of ours', () => {
    const ours = new Set([
      ...spellings(program.flags),
      ...shown.flatMap((command) => spellings(command.flags)),
      '--help',
    ]);
    expect(flags.filter(isHere).filter(({ here }) => !ours.has(here))).toEqual([]);
    const hidden = [...program.flags, ...program.commands.flatMap((command) => command.flags)].flatMap(
      ({ short, long }) => [short, long],
    );
    const taken = new Set([...hidden, '-h', '--help']);
    expect(flags.filter(isHere).flatMap((row) => row.words.filter((word) => !taken.has(word)))).toEqual([]);
  });

  test('a flag of a command that is here is one of that command', () => {
    const missing = flagsOfCommands.filter(isHere).flatMap((row) => {
      return [row.here ?? '', ...row.words].filter((text) => {
        const [name, flag = ''] = text.split(' ');
        return ![...spellings(commandOf(name)?.flags ?? []), ...spellings(program.flags)].includes(flag);
      });
    });
    expect(missing).toEqual([]);
  });

  test('a command that is not supported says in one line what to use, and exits with 1', async () => {
    const missing = commands.filter((row) => !isHere(row)).flatMap((row) => row.words);
    expect(Object.keys(ELSEWHERE).sort()).toEqual([...missing].sort());
    const home = privateHome();
    for (const word of missing) {
      const { code, err, out } = await runCli(home, [word, 'something', '--any-flag', 'x']);
      expect([word, code, out]).toEqual([word, 1, '']);
      expect(err).toMatch(new RegExp(`^promvisor: ${word}: .{20,}\\n$`));
    }
  });

  test('a flag that is not supported is taken without effect, or refused with what to use', async () => {
    const home = privateHome();
    const refused = ['--ext', '-w', '--write'];
    for (const word of flags.filter((row) => !isHere(row)).flatMap((row) => row.words)) {
      const { error } = await runCli(home, ['start', 'no-such-file.js', word]);
      expect([word, error?.code]).toEqual([word, refused.includes(word) ? 'USAGE' : 'CONFIG_INVALID']);
      if (refused.includes(word)) expect(error?.message).toMatch(/--ignore-watch|promvisor init/);
    }
  });
});
