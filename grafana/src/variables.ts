import {
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  TextBoxVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { LOKI, PROMETHEUS } from './query.ts';

interface VariableFacts {
  readonly name: string;
  readonly label: string;
  readonly description: string;
  /** `label_values(SERIES, LABEL)`. */
  readonly query: string;
}

/** Several values, or all. */
function many({ name, label, description, query }: VariableFacts): QueryVariableBuilder {
  return one({ name, label, description, query })
    .multi(true)
    .includeAll(true)
    .current({ selected: true, text: ['All'], value: ['$__all'] });
}

function one({ name, label, description, query }: VariableFacts): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .description(description)
    .datasource(PROMETHEUS)
    .query({ query, refId: name })
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc);
}

/** The Prometheus that scrapes the daemons. */
export const datasource = () =>
  new DatasourceVariableBuilder('datasource')
    .label('Prometheus')
    .description('The Prometheus that scrapes promvisor.')
    .type('prometheus');

/** The Loki that the daemons ship logs to. */
export const loki = () =>
  new DatasourceVariableBuilder('loki')
    .label('Loki')
    .description('The Loki that promvisor ships logs to.')
    .type('loki');

export const job = () =>
  many({
    name: 'job',
    label: 'Job',
    description: 'Scrape job of the daemons.',
    query: 'label_values(promvisor_build_info, job)',
  });

/** From `up`, so that a host that does not answer is one of them. */
export const instance = () =>
  many({
    name: 'instance',
    label: 'Host',
    description: 'Address at which a daemon is scraped: one for each host.',
    query: 'label_values(up{job=~"$job"}, instance)',
  });

const NAMESPACE = {
  name: 'namespace',
  label: 'Namespace',
  description: 'Namespace of the apps.',
  query: 'label_values(promvisor_app_info{job=~"$job", instance=~"$instance"}, namespace)',
} as const;

/** For a dashboard of many apps. */
export const namespaces = () => many(NAMESPACE).allValue('.+');
/** For a dashboard of one app. */
export const namespace = () => one(NAMESPACE);

export const app = () =>
  one({
    name: 'app',
    label: 'App',
    description: 'Name of the app.',
    query: 'label_values(promvisor_app_info{job=~"$job", instance=~"$instance", namespace=~"$namespace"}, app)',
  });

export const instanceIds = () =>
  many({
    name: 'instance_id',
    label: 'Instance',
    description: 'Slot of the instance, 0 to n-1.',
    query:
      'label_values(promvisor_instance_start_time_seconds{job=~"$job", instance=~"$instance", namespace=~"$namespace", app=~"$app"}, instance_id)',
  }).allValue('.+');

/** The label `host` of the shipped logs, which is the host's name and not the address of the scrape. */
export const logHosts = () =>
  new QueryVariableBuilder('host')
    .label('Log host')
    .description('Label host of the logs in Loki: the name of the host, not the address at which it is scraped.')
    .datasource(LOKI)
    .query({ label: 'host', refId: 'host', stream: '{app=~"$app", namespace=~"$namespace"}', type: 1 })
    .definition('label_values({app=~"$app", namespace=~"$namespace"}, host)')
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.+')
    .current({ selected: true, text: ['All'], value: ['$__all'] });

export const search = () =>
  new TextBoxVariableBuilder('search')
    .label('Search logs')
    .description('Regular expression that lines of the log must match; upper and lower case are the same.')
    .defaultValue('');
