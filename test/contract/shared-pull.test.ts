import { expect, it } from 'vitest';
import type { Clock } from '../../src/base/clock.ts';
import { createSharedPull } from '../../src/daemon/shared-pull.ts';

it('those who ask at once or within a second share one answer', async () => {
  let nowMs = 0;
  const clock: Clock = { nowMs: () => nowMs, wallMs: () => nowMs, after: () => () => {} };
  const answers: (() => void)[] = [];
  const pull = createSharedPull({ clock, freshMs: 1_000, pull: () => new Promise((resolve) => answers.push(resolve)) });
  const first = pull();
  const second = pull();
  answers[0]?.();
  await Promise.all([first, second]);
  nowMs = 999;
  await pull();
  expect(answers).toHaveLength(1);
  nowMs = 1_000;
  const third = pull();
  expect(answers).toHaveLength(2);
  answers[1]?.();
  await third;
});
