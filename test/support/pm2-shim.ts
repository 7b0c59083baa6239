import path from 'node:path';
import { type TestHome, testHome } from './test-home.ts';

/** A home where `pm2` is found in PATH, and is promvisor. */
export async function pm2Home(): Promise<{ home: TestHome; env: Record<string, string> }> {
  const home = testHome({ PM2_DISCRETE_MODE: 'true', NO_COLOR: '1' });
  const bin = path.join(home.root, 'bin');
  await home.ok(['pm2', 'install-shim', '--dir', bin]);
  const env = {
    ...home.env,
    PATH: `${bin}:${path.dirname(process.execPath)}:${home.env['PATH']}`,
    PM2_HOME: path.join(home.root, 'home'),
  };
  return { home, env };
}
