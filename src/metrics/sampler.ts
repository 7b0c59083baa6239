import type { Clock } from '../base/clock.ts';
import { readProcStat } from '../os/procfs.ts';
import type { Sampler, SamplerOptions } from './vitals.ts';

/**
 * Makes the sampler of this system: /proc where there is one, else pidusage, which sees only root processes.
 * @param clock time for windows and stamps
 * @param options what is measured that costs more than most want to pay
 */
export async function createSampler(clock: Clock, options: SamplerOptions): Promise<Sampler> {
  if (readProcStat(process.pid) !== null) return (await import('./proc-sampler.ts')).createProcSampler(clock, options);
  return (await import('./portable-sampler.ts')).createPortableSampler(clock);
}
