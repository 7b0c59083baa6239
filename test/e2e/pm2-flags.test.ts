import { describe, test } from 'vitest';
import { expectAnswersOfPm2 } from '../support/pm2-answers.ts';

describe('answers are those of PM2, but for what is explained', () => {
  test('flags', async () => {
    await expectAnswersOfPm2('flags');
  }, 240_000);

  test('flags of single commands', async () => {
    await expectAnswersOfPm2('command-flags');
  }, 240_000);

  test('other users, and units of the system', async (context) => {
    context.skip(process.getuid?.() !== 0, 'needs the right to run apps as other users');
    await expectAnswersOfPm2('as-root');
  }, 240_000);
});
