import { describe, expect, it } from 'vitest';
import { HTTP_BUCKETS } from '../../src/base/agent-telemetry.ts';
import { rowKey } from '../../src/metrics/agent-figures.ts';
import { createRecentWindow } from '../../src/metrics/recent-requests.ts';

/** Totals of an instance: so many requests by upper bound of their bucket, in two rows. */
function totals(byBound: Readonly<Record<string, number>>) {
  const counts = [...HTTP_BUCKETS, 'Inf'].map((bound) => byBound[String(bound)] ?? 0);
  return new Map([
    [rowKey('httpServer', ['GET', '2xx']), [1, ...counts]],
    [rowKey('httpServer', ['POST', '5xx']), [0, ...counts.map(() => 0)]],
    [rowKey('httpClient', ['GET', '2xx']), [9, ...counts.map(() => 99)]],
  ]);
}

describe('recent requests', () => {
  it('are those of the last minute, not of before', () => {
    const recent = createRecentWindow();
    expect(recent.take(1, totals({ 0.1: 500 }), 0)).toBeNull();
    expect(recent.take(1, totals({ 0.1: 500, 0.05: 300 }), 30_000)?.perSecond).toBe(10);
    expect(recent.take(1, totals({ 0.1: 500, 0.05: 600 }), 60_000)?.perSecond).toBe(10);
    expect(recent.take(1, totals({ 0.1: 500, 0.05: 600 }), 90_000)?.perSecond).toBe(5);
    expect(recent.take(1, totals({ 0.1: 500, 0.05: 600 }), 120_000)).toEqual({
      perSecond: 0,
      p50Seconds: 0,
      p95Seconds: 0,
    });
  });

  it('have quantiles as Prometheus would say', () => {
    const recent = createRecentWindow();
    recent.take(1, totals({}), 0);
    const seen = recent.take(1, totals({ 0.025: 50, 0.05: 40, 0.1: 10 }), 10_000);
    expect(seen?.p50Seconds).toBeCloseTo(0.025);
    expect(seen?.p95Seconds).toBeCloseTo(0.075);
    expect(recent.take(1, totals({ 0.025: 50, 0.05: 40, 0.1: 10, Inf: 1000 }), 20_000)?.p95Seconds).toBe(10);
  });

  it('are none for an app that serves none, and of looks that are too near', () => {
    const recent = createRecentWindow();
    recent.take(1, totals({}), 0);
    expect(recent.take(1, totals({}), 5_000)).toBeNull();
    recent.take(2, totals({ 0.1: 1 }), 0);
    expect(recent.take(2, totals({ 0.1: 2 }), 900)).toBeNull();
  });

  it('are forgotten with their instance', () => {
    const recent = createRecentWindow();
    recent.take(1, totals({ 0.1: 1 }), 0);
    recent.keepOnly(new Set());
    expect(recent.take(1, totals({ 0.1: 9 }), 5_000)).toBeNull();
  });
});
