import { METRICS, type MetricName, type MetricSpec } from './contract.ts';

/**
 * Text exposition of the per-instance families. prom-client formats labels series by series, which for 100 instances
 * (7,000 series) takes longer than everything else in a scrape; here the text of an instance's labels is made once.
 * Format: https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export interface MetricsText {
  /** Begins a family; its series follow. */
  family(name: MetricName): void;
  /**
   * Adds a series to the family.
   * @param value the number, or null for no series
   * @param labels text made by `labelsText`, or '' for none
   */
  add(value: number | null | undefined, labels: string): void;
  /** Adds whole lines of the family that were made before. */
  addLines(lines: string): void;
  /** What was added, ending in a newline unless empty. */
  toString(): string;
}

export function createMetricsText(): MetricsText {
  let text = '';
  let name: MetricName | '' = '';
  let head = '';
  return {
    family(next) {
      const { help, type }: MetricSpec = METRICS[next];
      name = next;
      head = `${next}{`;
      text += `# HELP ${next} ${help}\n# TYPE ${next} ${type}\n`;
    },
    add(value, labels) {
      if (value === null || value === undefined) return;
      text += labels === '' ? `${name} ${value}\n` : `${head}${labels}} ${value}\n`;
    },
    addLines(lines) {
      text += lines;
    },
    toString: () => text,
  };
}

/**
 * Text of labels as it stands between the braces.
 * @param labels names and values
 */
export function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeValue(value)}"`)
    .join(',');
}

function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
