import type { Clock } from '../base/clock.ts';
import { readProcStat } from '../os/procfs.ts';
import type { Sampler } from './vitals.ts';

/**
 * Makes the sampler of this system: /proc where there is one, else pidusage, which sees only root processes.
 * @param clock time for windows and stamps
 */
export async function createSampler(clock: Clock): Promise<Sampler> {
  if (readProcStat(process.pid) !== null) return (await import('./proc-sampler.ts')).createProcSampler(clock);
  return (await import('./portable-sampler.ts')).createPortableSampler(clock);
}
