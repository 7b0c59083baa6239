import { setTimeout as delay } from 'node:timers/promises';
import type { Home } from '../../base/paths.ts';
import type { Unit } from '../../base/unit.ts';
import { findMarked } from '../../os/marked.ts';
import { signalTree } from '../../os/process-tree.ts';
import { createMarks } from '../marks.ts';
import { jobOf } from './job.ts';

/** As PM2 waits by default; the daemon has waited before. TimeoutStopSec= holds here too, so it must not be long. */
const PATIENCE_MS = 1_600;
const LOOK_MS = 50;

/**
 * Ends what a daemon has left that systemd had to kill, as it did not stop its apps in time: `systemctl stop` means
 * them. The state stays as it is, and the next daemon starts what was up. After a crash, and when the unit is only
 * restarted, the apps are for the next daemon.
 * @param home of that daemon
 * @param unit whose ExecStopPost= this is
 * @param tell gets lines for the journal
 * @see systemd.exec(5): SERVICE_RESULT
 */
export async function endLeft(home: Home, unit: Unit, tell: (line: string) => void): Promise<void> {
  if (process.env['SERVICE_RESULT'] === 'success' || (await jobOf(unit, tell)) !== 'stop') return;
  const { prefix } = createMarks(home);
  const left = () => findMarked(prefix).map(({ identity }) => identity);
  for (const root of left()) {
    tell(`process ${root.pid} is ended here, as the daemon did not stop it in time`);
    signalTree({ root, signal: 'SIGTERM', treekill: true });
  }
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (left().length > 0 && performance.now() < deadlineMs) await delay(LOOK_MS);
  for (const root of left()) signalTree({ root, signal: 'SIGKILL', treekill: true });
}
