import { test } from 'vitest';
import { expectAnswersOfPm2 } from '../support/pm2-answers.ts';

test('a deployment script gets the answers that PM2 gives, but for those that are explained', async () => {
  await expectAnswersOfPm2('deploy');
}, 240_000);
