import { appendFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

/** One line of the file that PROMVISOR_TEST_COUNTS names: what one run of vitest came to. */
interface Counts {
  readonly node: string;
  passed: number;
  failed: number;
  skipped: number;
  readonly reasons: string[];
}

/** Counts what ran, so that several runs can be summed up, and keeps the reason of each test that could not run. */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const file = process.env['PROMVISOR_TEST_COUNTS'];
    if (file === undefined) return;
    const counts: Counts = { node: process.version, passed: 0, failed: unhandled.length, skipped: 0, reasons: [] };
    for (const module of modules) countModule(module, counts);
    appendFileSync(file, `${JSON.stringify(counts)}\n`);
  }
}

function countModule(module: TestModule, counts: Counts): void {
  // A file that cannot be loaded has no test that could fail.
  counts.failed += module.errors().length;
  for (const test of module.children.allTests()) {
    const result = test.result();
    if (result.state === 'passed') counts.passed += 1;
    else if (result.state === 'skipped') {
      counts.skipped += 1;
      counts.reasons.push(`${module.relativeModuleId} > ${test.fullName}: ${result.note ?? 'no reason given'}`);
    } else counts.failed += 1;
  }
}
