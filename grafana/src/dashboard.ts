import {
  type AnnotationQuery,
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  type VariableModel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { layOut, type Section } from './layout.ts';
import { PROMETHEUS } from './query.ts';

export type Uid = 'promvisor-fleet' | 'promvisor-app' | 'promvisor-supervisor' | 'promvisor-runtime';

/** Titles, in the order in which a search narrows down. */
const TITLES: Readonly<Record<Uid, string>> = {
  'promvisor-fleet': 'Promvisor / Fleet',
  'promvisor-app': 'Promvisor / App',
  'promvisor-runtime': 'Promvisor / Node runtime',
  'promvisor-supervisor': 'Promvisor / Supervisor',
};

export interface DashboardFacts {
  readonly uid: Uid;
  readonly description: string;
  readonly variables: readonly { build(): VariableModel }[];
  readonly annotations: readonly AnnotationQuery[];
  readonly sections: readonly Section[];
}

export function dashboard({ uid, description, variables, annotations, sections }: DashboardFacts): Dashboard {
  const builder = new DashboardBuilder(TITLES[uid])
    .id(null)
    .uid(uid)
    .description(description)
    .tags(['promvisor'])
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: 'now-1h', to: 'now' })
    .refresh('30s')
    .timezone('browser')
    .variables([...variables])
    .links(others(uid));
  return {
    ...builder.build(),
    annotations: { list: [BUILT_IN, ...annotations] },
    panels: layOut(sections),
  };
}

/** Links in the head of a dashboard to the other ones, with what is chosen in it. */
function others(uid: Uid): DashboardLinkBuilder[] {
  const uids = (Object.keys(TITLES) as Uid[]).filter((other) => other !== uid);
  return uids.map((other) =>
    new DashboardLinkBuilder(TITLES[other].replace('Promvisor / ', ''))
      .type(DashboardLinkType.Link)
      .icon('dashboard')
      .tooltip(`Open ${TITLES[other]} with the same hosts and time`)
      .url(`/d/${other}`)
      .includeVars(true)
      .keepTime(true),
  );
}

const BUILT_IN = new AnnotationQueryBuilder()
  .name('Annotations & Alerts')
  .datasource({ type: 'grafana', uid: '-- Grafana --' })
  .enable(true)
  .hide(true)
  .iconColor('rgba(0, 211, 255, 1)')
  .type('dashboard')
  .builtIn(1)
  .build();

/** Marks at the times at which a series of `expr` is there. */
function marks(facts: { name: string; expr: string; color: string; text: string; tags: string }): AnnotationQuery {
  return new AnnotationQueryBuilder()
    .name(facts.name)
    .datasource(PROMETHEUS)
    .enable(true)
    .iconColor(facts.color)
    .expr(facts.expr)
    .titleFormat(facts.name)
    .textFormat(facts.text)
    .tagKeys(facts.tags)
    .step('15s')
    .build();
}

/**
 * Marks of restarts that nobody asked for, with their reason.
 * @param matchers of the series
 */
export function restartMarks(matchers: string): AnnotationQuery {
  return marks({
    name: 'Restarts',
    color: 'red',
    expr: `sum by (instance, namespace, app, instance_id, reason) (increase(promvisor_instance_restarts_total{${matchers}, reason!="requested"}[$__rate_interval])) > 0`,
    text: '{{app}} #{{instance_id}} on {{instance}}: {{reason}}',
    tags: 'app,reason',
  });
}

export function reloadMarks(matchers: string): AnnotationQuery {
  return marks({
    name: 'Reloads',
    color: 'blue',
    expr: `sum by (instance, namespace, app, result) (increase(promvisor_reloads_total{${matchers}}[$__rate_interval])) > 0`,
    text: '{{app}} on {{instance}}: reload {{result}}',
    tags: 'app,result',
  });
}

/** Marks of starts of the daemon itself: its own process has no label app. */
export function daemonMarks(matchers: string): AnnotationQuery {
  return marks({
    name: 'Daemon starts',
    color: 'purple',
    expr: `changes(process_start_time_seconds{${matchers}, app=""}[$__rate_interval]) > 0`,
    text: 'promvisor on {{instance}} was started',
    tags: 'instance',
  });
}
