import type { AppSpec } from '../core/spec.ts';
import { type ConfigRemark, createFindings } from './findings.ts';
import { inPath } from './script.ts';
import { show } from './show.ts';

/**
 * Looks at what a start would run into on this machine: nothing that makes a configuration wrong.
 * @param apps resolved
 * @param source the file, for messages
 */
export function hostRemarks(apps: readonly AppSpec[], source: string): readonly ConfigRemark[] {
  const findings = createFindings(source);
  for (const [index, { name, process }] of apps.entries()) {
    const reporter = findings.about({ name, number: index + 1 });
    const { interpreter, env } = process;
    const isThere =
      interpreter === 'none' || interpreter.includes('/') || inPath(interpreter, env['PATH'] ?? '') !== null;
    if (!isThere) {
      reporter.warn({
        key: 'interpreter',
        text: `interpreter ${show(interpreter)} is not found in the PATH of the app`,
      });
    }
  }
  warnOfSharedPorts(apps, findings);
  return findings.remarks;
}

/** Only the instances of a cluster share a port. */
function warnOfSharedPorts(apps: readonly AppSpec[], findings: ReturnType<typeof createFindings>): void {
  const byPort = new Map<string, string>();
  for (const [index, { name, process }] of apps.entries()) {
    const { env, ownVariables = [], execMode, instances, incrementVar } = process;
    const port = ownVariables.includes('PORT') ? env['PORT'] : undefined;
    if (port === undefined || !/^[1-9]\d*$/.test(port)) continue;
    const { warn } = findings.about({ name, number: index + 1 });
    const first = byPort.get(port);
    if (first !== undefined) warn({ key: 'env.PORT', text: `PORT ${port} is that of app ${show(first)} too` });
    else byPort.set(port, name);
    if (execMode === 'fork' && instances > 1 && incrementVar !== 'PORT') {
      warn({
        key: 'env.PORT',
        text: `${instances} instances in fork mode have PORT ${port}; increment_var "PORT" counts it up`,
      });
    }
  }
}
