import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    reporters: ['default', './test/support/count-reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          // Most of them wait for processes: more at once than there are cores.
          maxWorkers: 4,
          include: ['test/core/**/*.test.ts', 'test/contract/**/*.test.ts', 'test/os/**/*.test.ts'],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'agents',
          maxWorkers: 4,
          include: ['test/agents/**/*.test.ts'],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'e2e',
          // Each has a home, daemon and ports of its own, and waits more than it works.
          maxWorkers: 2,
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'system',
          include: ['test/faults/**/*.test.ts', 'test/stack/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
