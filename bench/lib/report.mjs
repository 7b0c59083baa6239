/**
 * @param {readonly number[]} values
 * @returns {number} the middle value; NaN for none
 */
export function median(values) {
  return quantile(values, 0.5);
}

/**
 * @param {readonly number[]} values
 * @param {number} share 0..1
 * @returns {number} by linear interpolation
 */
export function quantile(values, share) {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)];
  return low + (sorted[Math.ceil(at)] - low) * (at - Math.floor(at));
}

/**
 * A goal of the project and whether this run met it.
 * @param {string} what
 * @param {number} value
 * @param {number} limit the value may be this much at most
 */
export function goal(what, value, limit) {
  return { what, value, limit, bound: 'at most', met: value <= limit };
}

/**
 * The same where more is better.
 * @param {string} what
 * @param {number} value
 * @param {number} limit the value may be this little at least
 */
export function goalAtLeast(what, value, limit) {
  return { what, value, limit, bound: 'at least', met: value >= limit };
}

/** @param {number} value shown with three digits, two of them behind the point at most */
function figure(value) {
  if (typeof value !== 'number' || Number.isNaN(value)) return '-';
  const digits = value === 0 ? 1 : 2 - Math.floor(Math.log10(Math.abs(value)));
  return value.toFixed(Math.min(2, Math.max(0, digits)));
}

/**
 * Text of one bench: a table and the goals.
 * @param {{ name: string, about: string, columns: string[], rows: (string | number)[][], goals: ReturnType<typeof goal>[], notes?: string[] }} result
 */
export function render(result) {
  const rows = result.rows.map((row) => row.map((cell) => (typeof cell === 'number' ? figure(cell) : cell)));
  const widths = result.columns.map((head, i) => Math.max(head.length, ...rows.map((row) => (row[i] ?? '').length)));
  const line = (cells) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ');
  const goals = result.goals.map(
    ({ what, value, limit, bound, met }) =>
      `${met ? 'met   ' : 'MISSED'}  ${what}: ${figure(value)} (${bound} ${figure(limit)})`,
  );
  return [
    `## ${result.name}: ${result.about}`,
    line(result.columns),
    line(widths.map((width) => '-'.repeat(width))),
    ...rows.map(line),
    ...goals,
    ...(result.notes ?? []),
    '',
  ].join('\n');
}
