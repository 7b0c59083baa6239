import { type CgroupFigures, PRESSURE_KINDS, PRESSURE_RESOURCES } from '../os/cgroup.ts';
import { labelsText } from './format.ts';
import type { MetricsText } from './text.ts';

const PRESSURES = PRESSURE_RESOURCES.flatMap((resource) =>
  PRESSURE_KINDS.map((kind) => ({ resource, kind, labels: labelsText({ resource, kind }) })),
);

/**
 * Renders the control group of the daemon; nothing without one.
 * @param text takes its families
 * @param figures what the kernel says of it
 */
export function cgroupMetrics(text: MetricsText, figures: CgroupFigures | null): void {
  if (figures === null) return;
  text.family('promvisor_cgroup_memory_bytes');
  text.add(figures.memoryBytes, '');
  text.family('promvisor_cgroup_memory_limit_bytes');
  text.add(figures.memoryLimitBytes, '');
  text.family('promvisor_cgroup_oom_kills_total');
  text.add(figures.oomKills, '');
  text.family('promvisor_cgroup_pressure_seconds_total');
  for (const { resource, kind, labels } of PRESSURES) text.add(figures.pressureSeconds[resource][kind], labels);
}
