/** One series of a text exposition. */
export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Exposed {
  /** Families in their order, by the name in TYPE. */
  readonly families: ReadonlyMap<string, { readonly type: string; readonly help: string }>;
  readonly series: readonly Series[];
  /** The one value with this name and (at least) these labels; undefined without such a series. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
}

/**
 * Reads a text exposition, strictly: a line that is no comment and no series throws.
 * @param body text format 0.0.4
 */
export function readExposition(body: string): Exposed {
  const families = new Map<string, { type: string; help: string }>();
  const helps = new Map<string, string>();
  const series: Series[] = [];
  for (const line of body.split('\n')) {
    const comment = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line);
    if (comment !== null) {
      const [, kind, name = '', text = ''] = comment;
      if (kind === 'HELP') helps.set(name, text);
      else if (families.has(name)) throw new Error(`family ${name} comes twice`);
      else families.set(name, { type: text, help: helps.get(name) ?? '' });
    } else if (line !== '') series.push(readSeries(line));
  }
  const value: Exposed['value'] = (name, labels = {}) => {
    const wanted = Object.entries(labels);
    const found = series.filter((one) => one.name === name && wanted.every(([key, text]) => one.labels[key] === text));
    if (found.length > 1) throw new Error(`${found.length} series match ${name} ${JSON.stringify(labels)}`);
    return found[0]?.value;
  };
  return { families, series, value };
}

function readSeries(line: string): Series {
  const found = /^([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\]|\\.)*",?)*)\})? (\S+)$/.exec(line);
  if (found === null || (Number.isNaN(numberOf(found[3])) && found[3] !== 'NaN')) throw new Error(`no series: ${line}`);
  const [, name = '', text = '', value] = found;
  const labels: Record<string, string> = {};
  for (const [, key = '', escaped = ''] of text.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)) {
    if (key in labels) throw new Error(`label ${key} comes twice: ${line}`);
    labels[key] = escaped.replaceAll(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));
  }
  return { name, labels, value: numberOf(value) };
}

function numberOf(text: string | undefined): number {
  return Number(text?.replace(/^([+-])Inf$/, '$1Infinity'));
}
