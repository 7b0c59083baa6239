import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { readFigures } from '../../src/metrics/agent-figures.ts';
import { createExposition } from '../../src/metrics/exposition.ts';
import { createProcSampler } from '../../src/metrics/proc-sampler.ts';
import type { FleetSource } from '../../src/metrics/source.ts';
import { agentThatSaid, fullTelemetry } from '../support/agent-answers.ts';
import { fleetOf, plainInstance, plainSpec } from '../support/fleet-source.ts';
import { readExposition } from '../support/prometheus-text.ts';

const I = { app: 'api', namespace: 'default', instance_id: '0' };

async function page(of: FleetSource['agents']['of'], format: 'plain' | 'openmetrics' = 'plain') {
  const sampler = createProcSampler(systemClock);
  const source = fleetOf([plainInstance()], { agents: { pull: async () => {}, of, timeouts: () => 2 } });
  const options = { source, sampler: async () => sampler, wallMs: () => 1_700_000_000_000, onProblem: () => {} };
  const exposition = createExposition(options);
  exposition.observeReady(plainSpec(), 40, { instance_id: '0', generation: '7' });
  const { body, contentType } = await exposition.render(format);
  sampler.close();
  return { text: Buffer.concat(body).toString(), contentType };
}

describe('figures of agents', () => {
  it('come with all classes of a method that was seen, and no other method', async () => {
    const { value, series } = readExposition((await page(() => agentThatSaid(fullTelemetry()))).text);
    const name = 'promvisor_http_server_requests_total';
    expect(value(name, { ...I, method: 'GET', status_class: '2xx' })).toBe(4);
    expect(value(name, { ...I, method: 'GET', status_class: '5xx' })).toBe(0);
    expect(series.filter((one) => one.name === name)).toHaveLength(6);
    const duration = 'promvisor_http_server_request_duration_seconds';
    expect(value(`${duration}_bucket`, { ...I, le: '0.01', status_class: '2xx' })).toBe(3);
    expect(value(`${duration}_bucket`, { ...I, le: '+Inf', status_class: '2xx' })).toBe(4);
    expect(value(`${duration}_sum`, { ...I, status_class: '2xx' })).toBe(0.05);
    expect(value('process_cpu_seconds_total', I)).toBe(2);
    expect(value('nodejs_heap_space_size_used_bytes', { ...I, space: 'old' })).toBe(10);
    expect(value('nodejs_active_handles_total', I)).toBe(3);
    expect(value('nodejs_version_info', { ...I, version: 'v20.19.1', major: '20', minor: '19', patch: '1' })).toBe(1);
    expect(value('promvisor_agent_timeouts_total', { app: 'api' })).toBe(2);
  });

  it('keep counters of a process that has ended, and drop its gauges', async () => {
    const said = agentThatSaid(fullTelemetry());
    const { value } = readExposition((await page(() => ({ ...said, up: null, figures: null }))).text);
    expect(value('promvisor_http_server_requests_total', { ...I, method: 'GET', status_class: '2xx' })).toBe(4);
    expect(value('promvisor_agent_up', I)).toBeUndefined();
    expect(value('nodejs_heap_size_used_bytes', I)).toBeUndefined();
  });

  it('have nothing of a runtime that is not told', async () => {
    const { value } = readExposition((await page(() => agentThatSaid(fullTelemetry({ runtime: null })))).text);
    expect(value('promvisor_http_server_active_requests', I)).toBe(2);
    expect(value('process_cpu_seconds_total', I)).toBeUndefined();
    expect(value('nodejs_gc_duration_seconds_count', { ...I, kind: 'minor' })).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['nothing', null],
    ['a number', 5],
    ['no counters', { taken: 1 }],
    ['a taken that is no number', { ...fullTelemetry(), taken: 'now' }],
  ])('%s is no answer', (_what, value) => {
    expect(readFigures(value)).toBeNull();
  });

  it('that make no sense are left out one by one', async () => {
    const nonsense = {
      ...fullTelemetry(),
      runtime: { nodeVersion: 'v1', rssBytes: -1 },
      counters: {
        cpuUserSeconds: null,
        gc: 'much',
        httpServer: [
          [['GET', '2xx'], 1, [1]],
          [['BREW', '2xx'], 1, new Array(12).fill(1)],
          7,
          [['GET', '4xx'], 1, new Array(12).fill(1)],
        ],
      },
    };
    const { value, series } = readExposition((await page(() => agentThatSaid(nonsense))).text);
    expect(value('promvisor_http_server_requests_total', { ...I, status_class: '4xx' })).toBe(12);
    expect(value('promvisor_http_server_requests_total', { ...I, status_class: '2xx' })).toBe(0);
    expect(series.some(({ labels }) => labels['method'] === 'BREW')).toBe(false);
    expect(value('process_resident_memory_bytes', I)).toBeUndefined();
  });

  it('escape what an app calls its handles, and no more than so many of them', async () => {
    const { runtime } = fullTelemetry();
    const handles = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`a"\\\n${at}`, 1]));
    const said = agentThatSaid({ ...fullTelemetry(), runtime: { ...runtime, handles } });
    const { series } = readExposition((await page(() => said)).text);
    const types = series.filter(({ name }) => name === 'nodejs_active_handles').map(({ labels }) => labels['type']);
    expect(types[0]).toBe('a"\\\n0');
    expect(types).toHaveLength(32);
  });
});

describe('OpenMetrics', () => {
  it('names counters and infos by their family, tells units, creation and exemplars, and ends', async () => {
    const { text, contentType } = await page(() => agentThatSaid(fullTelemetry()), 'openmetrics');
    expect(contentType).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    for (const line of [
      '# TYPE promvisor_instance_cpu_seconds counter',
      '# UNIT promvisor_instance_cpu_seconds seconds',
      '# TYPE promvisor_build info',
      '# TYPE nodejs_active_handles_total unknown',
      'promvisor_instance_ready_duration_seconds_created{app="api",namespace="default"} 1700000000',
      'promvisor_instance_ready_duration_seconds_bucket{app="api",namespace="default",le="0.1"} 1 # {instance_id="0",generation="7"} 0.04 1700000000',
    ]) {
      expect(text).toContain(`${line}\n`);
    }
    expect(text).toMatch(/^promvisor_instance_cpu_seconds_total\{.*\} 0$/m);
    expect(text).toMatch(/^promvisor_build_info\{.*\} 1$/m);
    expect(text.endsWith('\n# EOF\n')).toBe(true);
  });

  it('shows none of this in the old format', async () => {
    const { text } = await page(() => agentThatSaid(fullTelemetry()));
    expect(text).not.toMatch(/_created|# UNIT|# EOF| # \{/);
  });
});
