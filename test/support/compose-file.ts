import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const COMPOSE_FILE = 'docker-compose.test.yml';

interface ComposeFile {
  readonly services: Readonly<Record<string, { readonly image: string; readonly volumes?: readonly string[] }>>;
}

interface Datasource {
  readonly uid: string;
  readonly url: string;
}

interface DashboardProvider {
  readonly options: { readonly path: string };
}

export const composeFile = (): ComposeFile => parse(readFileSync(path.join(ROOT, COMPOSE_FILE), 'utf8'));

/** What is provisioned for Grafana. */
export const datasources = (): readonly Datasource[] =>
  textsIn('grafana/provisioning/datasources', '.yaml').flatMap((text) => parse(text).datasources);

/** Where Grafana is told to look for dashboards. */
export const dashboardProviders = (): readonly DashboardProvider[] =>
  textsIn('grafana/provisioning/dashboards', '.yaml').flatMap((text) => parse(text).providers);

/** The uid of every dashboard that is shipped. */
export const dashboardUids = (): readonly string[] =>
  textsIn('grafana/dashboards', '.json').map((text) => (JSON.parse(text) as { uid: string }).uid);

/** Empty where there is no such folder. */
function textsIn(folder: string, ending: string): readonly string[] {
  try {
    const names = readdirSync(path.join(ROOT, folder)).filter((name) => name.endsWith(ending));
    return names.map((name) => readFileSync(path.join(ROOT, folder, name), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
