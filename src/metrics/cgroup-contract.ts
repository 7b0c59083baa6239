import { PRESSURE_KINDS, PRESSURE_RESOURCES } from '../os/cgroup.ts';
import type { MetricSpec } from './metric-spec.ts';

/** The control group (v2) that the daemon is in: of its service or its container, with all apps in it. */
export const CGROUP_METRICS = {
  promvisor_cgroup_memory_bytes: {
    type: 'gauge',
    unit: 'bytes',
    labels: [],
    help: 'Memory of the control group of the daemon, page cache included; no series where the kernel does not tell.',
  },
  promvisor_cgroup_memory_limit_bytes: {
    type: 'gauge',
    unit: 'bytes',
    labels: [],
    help: 'Memory above which the kernel kills in the control group of the daemon (memory.max); no series without a limit.',
  },
  promvisor_cgroup_oom_kills_total: {
    type: 'counter',
    unit: 'count',
    labels: [],
    help: 'Processes of the control group of the daemon that the kernel killed for want of memory.',
  },
  promvisor_cgroup_pressure_seconds_total: {
    type: 'counter',
    unit: 'seconds',
    labels: ['resource', 'kind'],
    help: 'Time in which some or all processes of the control group of the daemon waited for a resource; no series without PSI in the kernel.',
    values: { resource: PRESSURE_RESOURCES, kind: PRESSURE_KINDS },
  },
} as const satisfies Readonly<Record<`promvisor_cgroup_${string}`, MetricSpec>>;
