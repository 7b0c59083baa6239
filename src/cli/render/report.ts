/** One part of a report, with a title; text without a newline at its end. */
export interface ReportPart {
  readonly title: string;
  readonly text: string;
}

/**
 * What to paste into an issue.
 * @param parts in their order
 * @returns Markdown
 */
export function renderReport(parts: readonly ReportPart[]): string {
  return parts
    .map(({ title, text }) => `### ${title}\n\n\`\`\`text\n${text.replaceAll('```', "'''")}\n\`\`\`\n`)
    .join('\n');
}
