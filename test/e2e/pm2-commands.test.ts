import { describe, test } from 'vitest';
import { expectAnswersOfPm2 } from '../support/pm2-answers.ts';

describe('answers are those of PM2, but for what is explained', () => {
  test('commands', async () => {
    await expectAnswersOfPm2('commands');
  }, 240_000);

  test('commands that are not here', async () => {
    await expectAnswersOfPm2('elsewhere');
  }, 240_000);

  test('keys of ecosystem files', async () => {
    await expectAnswersOfPm2('attributes');
  }, 240_000);
});
