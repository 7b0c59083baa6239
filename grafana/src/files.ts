import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { app } from './app.ts';
import { fleet } from './fleet.ts';
import { runtime } from './runtime.ts';
import { supervisor } from './supervisor.ts';

/** Files of grafana/dashboards and what is in them. */
export const DASHBOARDS: Readonly<Record<string, () => Dashboard>> = {
  'fleet.json': fleet,
  'app.json': app,
  'supervisor.json': supervisor,
  'runtime.json': runtime,
};

/** The text of a dashboard's file. */
export function textOf(dashboard: Dashboard): string {
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}
