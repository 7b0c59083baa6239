import { run } from './run.ts';

// Set, not exited with: what was written to a pipe must still go out.
void run(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});
