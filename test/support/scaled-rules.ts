/** How rules are made fast for a test; thresholds stay as they are, but for ages in seconds and CPU cores. */
const SCALE = {
  factor: 60,
  /** A range holds enough scrapes, and enough of what happens at its own pace, such as the restarts of a crash loop. */
  leastRangeSeconds: 15,
  /** An hour need not be a minute. */
  mostSeconds: 45,
  /** Cores that an app has to use: a machine that runs other tests as well has no whole one to give. */
  cpuFactor: 20,
} as const;

const SECONDS_IN = { s: 1, m: 60, h: 3600 } as const;

function scaled(amount: string, unit: string, leastSeconds: number): string {
  const seconds = Number(amount) * SECONDS_IN[unit as keyof typeof SECONDS_IN]; // the patterns below let no other through
  return `${Math.min(SCALE.mostSeconds, Math.max(leastSeconds, Math.round(seconds / SCALE.factor)))}s`;
}

/**
 * The shipped rules on a faster clock: each `for` and each range is a sixtieth, ranges at least 15 s, all at most 45 s,
 * and a lag in seconds that is asked for is a sixtieth too; CPU cores are a twentieth. Nothing else changes.
 * @param yaml text of a rule file
 * @returns text of a rule file
 */
export function scaleRules(yaml: string): string {
  return yaml
    .replace(/^(\s+for: )(\d+)([smh])$/gm, (_, head: string, amount: string, unit: string) => {
      return head + scaled(amount, unit, 1);
    })
    .replace(/\[(\d+)([smh])\]/g, (_, amount: string, unit: string) => {
      return `[${scaled(amount, unit, SCALE.leastRangeSeconds)}]`;
    })
    .replace(/(_lag_seconds > )(\d+)$/gm, (_, head: string, seconds: string) => {
      return head + Number(seconds) / SCALE.factor;
    })
    .replace(/(_cpu_seconds:rate5m > )([\d.]+)$/gm, (_, head: string, cores: string) => {
      return head + Number(cores) / SCALE.cpuFactor;
    });
}
