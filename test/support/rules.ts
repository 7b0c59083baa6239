import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** The folder that the package ships. */
export const PROMETHEUS_FOLDER = fileURLToPath(new URL('../../prometheus', import.meta.url));

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

export interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly (AlertRule | RecordingRule)[] }[];
}

/** A file of promtool's unit tests. */
export interface RuleTests {
  readonly tests: readonly {
    readonly promql_expr_test?: readonly { readonly expr: string }[];
    readonly alert_rule_test?: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
  }[];
}

/**
 * Paths of the YAML files of a folder of prometheus/.
 * @param folder rules or tests
 */
export function yamlFiles(folder: 'rules' | 'tests'): string[] {
  const whole = path.join(PROMETHEUS_FOLDER, folder);
  return readdirSync(whole)
    .filter((name) => name.endsWith('.yml'))
    .sort()
    .map((name) => path.join(whole, name));
}

/** The shipped rules, in the order of their files. */
export function shippedRules(): { readonly alerts: readonly AlertRule[]; readonly records: readonly RecordingRule[] } {
  const rules = yamlFiles('rules').flatMap((file) => {
    return (parse(readFileSync(file, 'utf8')) as RuleFile).groups.flatMap((group) => group.rules);
  });
  return {
    alerts: rules.filter((rule) => 'alert' in rule),
    records: rules.filter((rule) => 'record' in rule),
  };
}

/** The unit tests of the rules. */
export function ruleTests(): RuleTests['tests'] {
  return yamlFiles('tests').flatMap((file) => (parse(readFileSync(file, 'utf8')) as RuleTests).tests);
}
