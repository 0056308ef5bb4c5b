/** A row of a CSV file. */
export interface CsvRow {
  /** The line of the file it begins on, from 1. */
  line: number;
  cells: string[];
}

/**
 * Reads CSV as spreadsheets write it (RFC 4180): cells in quotation marks may hold commas, line breaks and doubled quotation marks; `;` and tabs divide cells
 * where the first line has more of them than commas. Empty lines are passed over. Undefined when a quotation mark is never closed.
 */
export function parseCsv(text: string): CsvRow[] | undefined {
  const divider = findDivider(text);
  const rows: CsvRow[] = [];
  let [line, start, cell, quoted]: [number, number, string, boolean] = [1, 1, '', false];
  let cells: string[] = [];
  const endRow = () => {
    cells.push(cell);
    if (cells.length > 1 || cell.trim() !== '') rows.push({ line: start, cells });
    [cells, cell] = [[], ''];
  };
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '\n') line += 1;
    if (quoted) {
      if (character !== '"') cell += character;
      else if (text[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else quoted = false;
    } else if (character === '"' && cell === '') quoted = true;
    else if (character === divider) {
      cells.push(cell);
      cell = '';
    } else if (character === '\n') {
      endRow();
      start = line;
    } else if (character !== '\r') cell += character;
  }
  if (quoted) return undefined;
  if (cell !== '' || cells.length > 0) endRow();
  return rows;
}

function findDivider(text: string): string {
  const [first = ''] = text.split('\n', 1);
  const count = (divider: string) => first.split(divider).length;
  return [';', '\t'].reduce((best, divider) => (count(divider) > count(best) ? divider : best), ',');
}
