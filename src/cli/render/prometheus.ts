export interface ScrapeConfig {
  /** host:port of the daemon's listener. */
  readonly target: string;
  /** A pattern for `rule_files`, null when they are not wanted. */
  readonly ruleFiles: string | null;
}

/**
 * A part of a prometheus.yml, with the job names that the rules and dashboards of promvisor go by.
 * @see https://prometheus.io/docs/prometheus/latest/configuration/configuration/
 * @param config where to scrape
 * @returns YAML, ending with a newline
 */
export function renderScrapeConfig({ target, ruleFiles }: ScrapeConfig): string {
  // A JSON string is a YAML string, whatever is in it.
  const rules = ruleFiles === null ? [] : ['rule_files:', `  - ${JSON.stringify(ruleFiles)}`, ''];
  const lines = [
    ...rules,
    'scrape_configs:',
    '  - job_name: promvisor',
    '    static_configs:',
    `      - targets: [${JSON.stringify(target)}]`,
    '  - job_name: promvisor-apps',
    '    http_sd_configs:',
    `      - url: ${JSON.stringify(`http://${target}/sd`)}`,
    '        refresh_interval: 30s',
  ];
  return `${lines.join('\n')}\n`;
}
