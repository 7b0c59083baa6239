import { parser } from '@prometheus-io/lezer-promql';

export interface Matcher {
  readonly label: string;
  readonly operator: string;
  readonly value: string;
}

/** One series selector of a query. */
export interface Selector {
  readonly metric: string;
  readonly matchers: readonly Matcher[];
}

export interface Query {
  readonly selectors: readonly Selector[];
  /** In by, without, on, ignoring, group_left and group_right. */
  readonly groupingLabels: readonly string[];
}

/**
 * Reads a PromQL query.
 * @param text with real durations in place of Grafana's variables
 * @returns what it selects and groups by
 * @throws Error that shows where it is no PromQL
 */
export function readQuery(text: string): Query {
  const selectors: { metric: string; matchers: Matcher[] }[] = [];
  const groupingLabels: string[] = [];
  let matcher: { label: string; operator: string } | null = null;
  let grouping = false;
  parser.parse(text).iterate({
    enter({ type, from, to }) {
      const part = text.slice(from, to);
      const last = selectors.at(-1);
      if (type.isError) throw new Error(`no PromQL at "${text.slice(from, from + 20)}": ${text}`);
      if (type.name === 'GroupingLabels') grouping = true;
      else if (type.name === 'VectorSelector') selectors.push({ metric: '', matchers: [] });
      else if (type.name === 'Identifier' && last !== undefined && last.metric === '') last.metric = part;
      else if (type.name === 'LabelName' && grouping) groupingLabels.push(part);
      else if (type.name === 'LabelName') matcher = { label: part, operator: '' };
      else if (type.name === 'MatchOp' && matcher !== null) matcher.operator = part;
      else if (type.name === 'StringLiteral' && matcher !== null) {
        last?.matchers.push({ ...matcher, value: part.slice(1, -1) });
        matcher = null;
      }
    },
    leave({ type }) {
      if (type.name === 'GroupingLabels') grouping = false;
    },
  });
  return { selectors, groupingLabels };
}
