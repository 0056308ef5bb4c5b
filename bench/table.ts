import type { Summary } from './figures.ts';
import type { Row } from './goals.ts';

/** The rows as a table in Markdown, padded so that it is read in a terminal too. `others` are the names of further servers, a column each. */
export function toTable(rows: readonly Row[], others: readonly string[]): string {
  const head = ['', 'floor', 'limner', 'limner to floor', 'goal', 'met', ...others];
  const body = rows.map((row) => [
    row.title,
    toCell(row.floor, row.unit),
    toCell(row.limner, row.unit),
    toReached(row, row.reached),
    `≤ ${toReached(row, row.goal)}`,
    row.met === undefined ? 'not measured' : row.met ? 'yes' : 'NO',
    ...others.map((name) => toCell(row.others[name], row.unit)),
  ]);
  const widths = head.map((title, column) => Math.max(title.length, ...body.map((cells) => cells[column]?.length ?? 0)));
  const toLine = (cells: readonly string[]) => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [toLine(head), toLine(widths.map((width) => '-'.repeat(width))), ...body.map(toLine)].join('\n');
}

/** Median, and the least and the most of all rounds. */
function toCell(summary: Summary | undefined, unit: string): string {
  if (summary === undefined) return '–';
  const { median, min, max, values } = summary;
  const range = values.length > 1 ? ` (${round(min)}–${round(max)})` : '';
  return `${round(median)}${unit && ` ${unit}`}${range}`;
}

function toReached({ kind, unit }: Row, value: number | undefined): string {
  if (value === undefined) return '–';
  if (kind === 'ratio') return `${value.toFixed(2)} ×`;
  return kind === 'difference' ? `floor ${value < 0 ? '−' : '+'} ${round(Math.abs(value))} ${unit}` : `${round(value)} ${unit}`.trim();
}

/** Small numbers with a decimal, so that rounding hides no goal missed. */
function round(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}
