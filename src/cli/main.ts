import { ERROR_CODES } from '../base/errors.ts';
import type { ExitCode } from './context.ts';
import { createContext, execute } from './execute.ts';
import { hotCall } from './hot.ts';
import { logsCall } from './log-flags.ts';

/** They do without what is large and seldom needed. Everything else, help included, is in the larger bundle. */
const COMMON_COMMANDS = new Set(['start', 'restart', 'reload', 'stop', 'delete', 'del', 'scale', 'reset', 'describe']);

// A command that is never done, as nothing is left to wait for, has failed.
process.exitCode = ERROR_CODES.INTERNAL;
// Set, not exited with: what was written to a pipe must still go out.
void main(process.argv[1] ?? '', process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});

async function main(program: string, argv: readonly string[]): Promise<ExitCode> {
  const pm2 = pm2Line(program, argv);
  if (pm2 !== null) {
    keepCompiledCode();
    const { runAsPm2 } = await import('./as-pm2/run.ts');
    return runAsPm2(pm2);
  }
  const hot = hotCall(argv);
  if (hot !== null) return execute(argv, () => hot.run(createContext(hot.options, [])));
  keepCompiledCode();
  // Bundles of their own: see build/build.mjs.
  const logs = logsCall(argv);
  if (logs !== null) {
    const { runLogs } = await import('./run-logs.ts');
    return runLogs(argv, logs);
  }
  if (COMMON_COMMANDS.has(argv[0] ?? '')) {
    const { run } = await import('./run.ts');
    return run(argv);
  }
  const { runAll } = await import('./run-all.ts');
  return runAll(argv);
}

/** A command line of PM2: by a link of that name, or `promvisor pm2 -- ARGS`. */
function pm2Line(program: string, argv: readonly string[]): readonly string[] | null {
  if (program.endsWith('/pm2')) return argv;
  return argv[0] === 'pm2' && argv[1] === '--' ? argv.slice(2) : null;
}

/** From Node 22 on, what was compiled once need not be again: https://nodejs.org/api/module.html */
function keepCompiledCode(): void {
  const module = process.getBuiltinModule('node:module');
  if ('enableCompileCache' in module && typeof module.enableCompileCache === 'function') module.enableCompileCache();
}
