import pidusage from 'pidusage';
import type { Clock } from '../base/clock.ts';
import { isAlive } from '../os/identity.ts';
import type { Totals } from './totals.ts';
import type { SampleRoot, Sampler, Vitals } from './vitals.ts';

const PERCENT = 100;
const MS_PER_SECOND = 1000;

type Usages = Awaited<ReturnType<typeof pidusage>>;

interface Memory {
  pid: number;
  startTicks: number;
  /** Of the present process. */
  cpuMs: number;
  /** Of all processes before it. */
  earlierCpuMs: number;
}

/**
 * Makes a sampler for systems without /proc: memory and cpu of the root processes, in one call of ps for all.
 * @param clock time for stamps
 */
export function createPortableSampler(clock: Clock): Sampler {
  const memories = new Map<number, Memory>();

  function remember({ id, identity }: SampleRoot, cpuMs: number): void {
    const { pid, startTicks } = identity;
    const known = memories.get(id);
    if (known?.pid === pid && known.startTicks === startTicks) {
      known.cpuMs = Math.max(known.cpuMs, cpuMs);
      return;
    }
    memories.set(id, { pid, startTicks, cpuMs, earlierCpuMs: (known?.earlierCpuMs ?? 0) + (known?.cpuMs ?? 0) });
  }

  return {
    async sample(roots) {
      const living = [...roots].filter(({ identity }) => isAlive(identity));
      const answer = new Map<number, Vitals>();
      if (living.length === 0) return answer;
      // A process that ends meanwhile is missing in the answer; the last of them makes the call fail.
      const usages: Usages = await pidusage(living.map(({ identity }) => identity.pid)).catch(() => ({}));
      for (const root of living) {
        const usage = usages[String(root.identity.pid)];
        if (usage === undefined) continue;
        remember(root, usage.ctime);
        answer.set(root.id, vitalsOf(usage, clock));
      }
      return answer;
    },
    totals(id): Totals {
      const memory = memories.get(id);
      const cpuMs = memory === undefined ? 0 : memory.earlierCpuMs + memory.cpuMs;
      return {
        // Not told apart by ps.
        userSeconds: cpuMs / MS_PER_SECOND,
        systemSeconds: 0,
        readBytes: null,
        writeBytes: null,
        voluntarySwitches: null,
        involuntarySwitches: null,
        minorFaults: null,
        majorFaults: null,
      };
    },
    // Without /proc there is no telling a process that goes on from another one.
    saved: () => null,
    restore: () => {},
    // Nothing is known of the dead without /proc.
    ended: () => {},
    forget(id) {
      memories.delete(id);
    },
    close() {
      memories.clear();
      pidusage.clear();
    },
  };
}

function vitalsOf(usage: { readonly cpu: number; readonly memory: number }, clock: Clock): Vitals {
  return {
    atMs: clock.wallMs(),
    rssBytes: usage.memory,
    pssBytes: null,
    virtualBytes: null,
    cpuRatio: usage.cpu / PERCENT,
    processes: 1,
    threads: 1,
    openFds: null,
    maxFds: null,
    swapBytes: null,
  };
}
