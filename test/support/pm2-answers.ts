import { expect } from 'vitest';
import { ELSEWHERE } from '../../src/cli/commands/elsewhere.ts';
import { type Answer, answersOf, differencesOf, withoutOneSided } from '../pm2/compare.ts';
import { DIFFERENCES } from '../pm2/differences/index.ts';
import { ONE_SIDED } from '../pm2/differences/one-sided.ts';
import { runScript, transcriptOf } from '../pm2/run-script.mjs';
import { goldenAnswers } from './pm2-scripts.ts';
import { pm2Home } from './pm2-shim.ts';

/**
 * Has a script of test/pm2/scripts run by promvisor under the name pm2, and holds its answers against those of a real
 * PM2. A line that differs without a reason fails, and so does a reason without a difference.
 * @param script its name
 */
export async function expectAnswersOfPm2(script: string): Promise<void> {
  const { home, env } = await pm2Home();
  const ours = answersOf(transcriptOf(await runScript(script, { root: home.root, env })));
  ours.forEach(expectPointer);
  const found = differencesOf(
    withoutOneSided(goldenAnswers(script).filter(isHere), 'pm2', ONE_SIDED),
    withoutOneSided(ours.filter(isHere), 'ours', ONE_SIDED),
  );
  const explained = (DIFFERENCES[script] ?? []).map(({ why: _why, ...difference }) => difference);
  expect(found).toEqual(explained);
}

/** What promvisor does not have is answered by one line that says what to use, whatever PM2 says. */
function expectPointer({ command, lines }: Answer): void {
  const word = wordElsewhere(command);
  if (word === null) return;
  const said = [`! [PM2][ERROR] ${word}: ${ELSEWHERE[word]}`, '= 1'];
  // Where a line counts lines of PM2 there are none.
  expect([command, lines.filter((line) => line !== '  0')]).toEqual([command, said]);
}

function isHere({ command }: Answer): boolean {
  return wordElsewhere(command) === null;
}

function wordElsewhere(command: string): string | null {
  const [, word = ''] = /(?:^|\s)pm2 (\S+)/.exec(command) ?? [];
  return Object.hasOwn(ELSEWHERE, word) && !command.includes('--help') ? word : null;
}
