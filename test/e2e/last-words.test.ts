import { describe, expect, test } from 'vitest';
import { appOf, startApps, untilExits } from '../support/apps.ts';
import { testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';

const RUNS = 3;
const LINES = Array.from({ length: 10_000 }, (_, line) => `line ${line} ${'x'.repeat(60)}`);

describe('an app that prints 10,000 lines and ends at once', () => {
  for (const mode of ['fork', 'cluster']) {
    for (const [how, reason] of [
      ['exit', 'error_code'],
      ['throw', 'uncaught'],
    ] as const) {
      test(`${mode}, ${how}: every line is in its file, in order, none twice, and so is the stack`, async () => {
        const home = testHome();
        const names = Array.from({ length: RUNS }, (_, run) => `app${run}`);
        const keys = { exec_mode: mode, instances: 1, merge_logs: true, autorestart: false, args: [how] };
        await startApps(
          home,
          names.map((name) => appOf(name, 'last-words.cjs', keys)),
        );
        for (const app of names) {
          await untilExits(home, { app, reason });
          await until(() => home.log(app).length >= LINES.join('\n').length + 1, { what: `all output of ${app}` });
          expect(home.log(app).trimEnd().split('\n')).toEqual(LINES);
          if (how === 'exit') continue;
          const stack = () => /Error: the very last words\n {4}at /.test(home.log(app, 'error'));
          await until(stack, { what: 'the stack' });
        }
      });
    }
  }
});
