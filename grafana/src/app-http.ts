import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { CLASS_COLORS, QUANTILE_COLORS } from './colors.ts';
import { graph } from './panels.ts';
import { INSTANCES, quantile, ratioOf } from './query.ts';
import { NEUTRAL, OF_REQUESTS } from './thresholds.ts';

type Side = 'server' | 'client';

export const requests = (side: Side, { by = '', more = '' }: { by?: string; more?: string } = {}): string =>
  `sum${by} (rate(promvisor_http_${side}_requests_total{${INSTANCES}${more}}[$__rate_interval]))`;

export const serverErrors = ratioOf(requests('server', { more: ', status_class="5xx"' }), requests('server'));
const bucket = (side: Side) => `promvisor_http_${side}_request_duration_seconds_bucket{${INSTANCES}}`;

/** Rate, errors, duration of what the app answers. */
export function red(): Panel[] {
  return [
    byClass('server', {
      title: 'Requests by status',
      description: 'HTTP requests answered, by class of the status; aborted: the client left before the end.',
    }),
    graph({
      title: 'Errors',
      description: 'Part of the requests that was answered with 5xx, and part that clients gave up on.',
      unit: 'percentunit',
      steps: OF_REQUESTS,
      softMax: 0.02,
      colors: { '5xx': 'red', aborted: 'orange' },
      queries: [
        { expr: serverErrors, legend: '5xx' },
        {
          expr: ratioOf(requests('server', { more: ', status_class="aborted"' }), requests('server')),
          legend: 'aborted',
        },
      ],
    }),
    durations('server', {
      title: 'Duration',
      description: 'Time from the head of a request to the end of its answer.',
    }),
  ];
}

/** What does not fit into rate, errors, duration. */
export function serverDetails(): Panel[] {
  return [
    graph({
      title: 'Requests by method',
      description: 'HTTP requests answered, by method.',
      unit: 'reqps',
      steps: NEUTRAL,
      as: 'areas',
      queries: [{ expr: requests('server', { by: ' by (method)' }), legend: '{{method}}' }],
    }),
    graph({
      title: 'Requests by instance',
      description:
        'HTTP requests answered by each instance. Under high load the lines of a cluster lie close together; under low load the first free one takes all.',
      unit: 'reqps',
      steps: NEUTRAL,
      queries: [
        { expr: requests('server', { by: ' by (instance, instance_id)' }), legend: '#{{instance_id}} on {{instance}}' },
      ],
    }),
    graph({
      title: 'Open requests',
      description: 'Requests that are being answered, and connections that were upgraded (WebSocket).',
      unit: 'short',
      decimals: 0,
      steps: NEUTRAL,
      queries: [
        { expr: `sum(promvisor_http_server_active_requests{${INSTANCES}})`, legend: 'requests' },
        { expr: `sum(promvisor_http_server_upgraded_connections{${INSTANCES}})`, legend: 'upgraded connections' },
      ],
    }),
  ];
}

/** What the app asks of others. */
export function client(): Panel[] {
  return [
    byClass('client', {
      title: 'Requests made',
      description: 'HTTP requests that the app made, by class of the answer; error: no answer came.',
    }),
    graph({
      title: 'Requests made that failed',
      description: 'Part of the requests that was answered with 5xx or not at all.',
      unit: 'percentunit',
      steps: OF_REQUESTS,
      softMax: 0.02,
      queries: [
        {
          expr: ratioOf(requests('client', { more: ', status_class=~"5xx|error"' }), requests('client')),
          legend: 'failed',
        },
      ],
    }),
    durations('client', {
      title: 'Duration of requests made',
      description: 'Time from the start of a request to the end of its answer.',
    }),
  ];
}

function byClass(side: Side, words: { title: string; description: string }): Panel {
  return graph({
    ...words,
    unit: 'reqps',
    steps: NEUTRAL,
    as: 'areas',
    colors: CLASS_COLORS,
    queries: [{ expr: requests(side, { by: ' by (status_class)' }), legend: '{{status_class}}' }],
  });
}

function durations(side: Side, words: { title: string; description: string }): Panel {
  return graph({
    ...words,
    unit: 's',
    steps: NEUTRAL,
    colors: QUANTILE_COLORS,
    queries: [
      { expr: quantile(0.5, bucket(side)), legend: 'p50' },
      { expr: quantile(0.95, bucket(side)), legend: 'p95' },
      { expr: quantile(0.99, bucket(side)), legend: 'p99' },
    ],
  });
}
