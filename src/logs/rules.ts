import type { Compression, RollSpec } from '../core/spec.ts';

/** When a log file is rolled and what is kept of it. */
export interface RollRules {
  /** Size that no file grows above, but for a single write that is larger; 0: any. */
  readonly maxSizeBytes: number;
  /** `none`, `hourly`, `daily`, or a cron pattern. */
  readonly frequency: string;
  /** Rolled files per stream. */
  readonly retain: number;
  /** Age at which a rolled file is deleted; 0: none. */
  readonly maxAgeMs: number;
  readonly compress: Compression;
  /** All files of an app together; 0: any. */
  readonly maxTotalBytes: number;
}

/** A file grows for ever. */
export const NO_ROLLING: RollRules = {
  maxSizeBytes: 0,
  frequency: 'none',
  retain: 0,
  maxAgeMs: 0,
  compress: 'none',
  maxTotalBytes: 0,
};

/**
 * Completes what an app says about its log files.
 * @param spec of the app
 * @param defaults of the daemon
 * @returns rules without gaps
 */
export function rulesOf(spec: RollSpec, defaults: RollRules): RollRules {
  return {
    maxSizeBytes: spec.maxSizeBytes ?? defaults.maxSizeBytes,
    frequency: spec.frequency ?? defaults.frequency,
    retain: spec.retain ?? defaults.retain,
    maxAgeMs: spec.maxAgeMs ?? defaults.maxAgeMs,
    compress: spec.compress ?? defaults.compress,
    maxTotalBytes: spec.maxTotalBytes ?? defaults.maxTotalBytes,
  };
}

/**
 * The same for one file, that asks before every write: made anew when the app says something else.
 * @param defaults of the daemon
 * @returns gives the rules of what an app says
 */
export function keptRules(defaults: RollRules): (spec: RollSpec) => RollRules {
  let kept: { readonly spec: RollSpec; readonly rules: RollRules } | null = null;
  return (spec) => {
    if (spec !== kept?.spec) kept = { spec, rules: rulesOf(spec, defaults) };
    return kept.rules;
  };
}
