import { appendFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

/** Characters of a message, and lines of its stack, that are kept. */
const MOST_SHOWN = 1_500;
const MOST_PLACES = 4;

/** One line of the file that PROMVISOR_TEST_COUNTS names: what one run of vitest came to. */
interface Counts {
  readonly node: string;
  passed: number;
  failed: number;
  skipped: number;
  readonly reasons: string[];
  /** Each failure with its message and place, to be read at the end of a long run. */
  readonly failures: string[];
}

/** Counts what ran, so that several runs can be summed up, and keeps the reason of each test that could not run. */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const file = process.env['PROMVISOR_TEST_COUNTS'];
    if (file === undefined) return;
    const counts: Counts = {
      node: process.version,
      passed: 0,
      failed: unhandled.length,
      skipped: 0,
      reasons: [],
      failures: [],
    };
    for (const error of unhandled) counts.failures.push(`outside of tests: ${told(error)}`);
    for (const module of modules) countModule(module, counts);
    appendFileSync(file, `${JSON.stringify(counts)}\n`);
  }
}

function countModule(module: TestModule, counts: Counts): void {
  // A file that cannot be loaded has no test that could fail.
  for (const error of module.errors()) {
    counts.failed += 1;
    counts.failures.push(`${module.relativeModuleId}: ${told(error)}`);
  }
  for (const test of module.children.allTests()) {
    const result = test.result();
    const name = `${module.relativeModuleId} > ${test.fullName}`;
    if (result.state === 'passed') counts.passed += 1;
    else if (result.state === 'skipped') {
      counts.skipped += 1;
      counts.reasons.push(`${name}: ${result.note ?? 'no reason given'}`);
    } else {
      counts.failed += 1;
      counts.failures.push(`${name}: ${(result.errors ?? []).map(told).join('\n  and: ')}`);
    }
  }
}

/** What an error says and where, without what lies outside of this repository. */
function told(error: unknown): string {
  if (!(error instanceof Object) || !('message' in error)) return String(error);
  const { message, stack } = error as Partial<Error>;
  const places = (stack ?? '').split('\n').filter((line) => /^ *at /.test(line) && !line.includes('node_modules'));
  return [String(message).slice(0, MOST_SHOWN), ...places.slice(0, MOST_PLACES)].join('\n  ');
}
