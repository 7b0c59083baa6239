import type { InstanceView } from '../../src/api/contract.ts';
import type { ExitReason } from '../../src/core/exit.ts';
import type { Status } from '../../src/core/states.ts';
import { fixture, type RunResult } from './cli.ts';
import type { TestHome } from './test-home.ts';
import { until } from './until.ts';

/** An entry of an ecosystem file, in the words of the user. */
export type EcosystemApp = Readonly<Record<string, unknown>> & { readonly name: string };

/**
 * An app that runs a fixture.
 * @param name of the app
 * @param program file name in test/fixtures
 * @param keys further keys of the ecosystem file
 */
export function appOf(name: string, program: string, keys: Readonly<Record<string, unknown>> = {}): EcosystemApp {
  return { name, script: fixture(program), ...keys };
}

/**
 * Starts apps through an ecosystem file in the working directory of the home.
 * @param home of the test
 * @param apps entries of the file
 * @param flags further arguments of `start`
 * @returns what the command came to; an app that dies at once makes it fail
 */
export function startApps(
  home: TestHome,
  apps: readonly EcosystemApp[],
  flags: readonly string[] = [],
): Promise<RunResult> {
  const file = home.write('ecosystem.config.json', JSON.stringify({ apps }));
  return home.run(['start', file, ...flags]);
}

/**
 * Waits until the only instance of an app is in a state.
 * @param home of the test
 * @param app name
 * @param status of the machine
 * @returns the instance as it then is
 */
export function untilStatus(home: TestHome, app: string, status: Status): Promise<InstanceView> {
  const look = async () => {
    const instance = await home.instance(app);
    if (instance.status === status) return instance;
    throw new Error(`it is ${instance.status}`);
  };
  return until(look, { what: `${app} ${status}` });
}

/**
 * Waits until an app has died for a reason a number of times.
 * @param home of the test
 * @param options app, reason, and how many deaths at least
 * @returns how many there are
 */
export async function untilExits(
  home: TestHome,
  { app, reason, count = 1, timeoutMs }: { app: string; reason: ExitReason; count?: number; timeoutMs?: number },
): Promise<number> {
  const look = async () => {
    const { counters } = await home.describe(app);
    if (counters.exits[reason] >= count) return counters.exits[reason];
    throw new Error(`exits so far: ${JSON.stringify(counters.exits)}`);
  };
  return until(look, { what: `${count} x ${reason} of ${app}`, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
}
