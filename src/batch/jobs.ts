import { quote } from '../text.ts';
import { parseCsv } from './csv.ts';

/** One job as it was written: a tool's arguments, and beside them `tool`. */
export interface RawJob {
  /** Where it stands: the line of the file, or the place in the list, from 1. */
  line: number;
  job: Record<string, unknown>;
}

/** What is wrong with a line. */
export interface WrongLine {
  line: number;
  message: string;
}

export interface RawJobs {
  jobs: RawJob[];
  wrong: WrongLine[];
}

/** Reads a prompts file: JSON, one object a line, or CSV with a header row. Empty lines and lines that begin with # or // are passed over in JSON. */
export function parseJobs(text: string): RawJobs {
  const plain = text.replace(/^\uFEFF/, '');
  return /^(\s|#[^\n]*\n|\/\/[^\n]*\n)*[{[]/.test(plain) ? parseJsonLines(plain) : parseTable(plain);
}

function parseJsonLines(text: string): RawJobs {
  const found = text.split('\n').flatMap((written, index) => {
    const line = index + 1;
    if (/^\s*($|#|\/\/)/.test(written)) return [];
    try {
      return [toJob(JSON.parse(written), line)];
    } catch {
      return [
        { line, message: `This is not JSON: ${quote(written.trim(), 60)}. Write one object a line, such as {"prompt": "a red fox"}.` },
      ];
    }
  });
  return sortOut(found);
}

function toJob(value: unknown, line: number): RawJob | WrongLine {
  // A prompt alone is what most lines are.
  if (typeof value === 'string') return { line, job: { prompt: value } };
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { line, message: 'A job is an object with the arguments of a tool, such as {"prompt": "a red fox"}.' };
  return { line, job: Object.fromEntries(Object.entries(value)) };
}

function sortOut(found: readonly (RawJob | WrongLine)[]): RawJobs {
  return {
    jobs: found.filter((each) => 'job' in each),
    wrong: found.filter((each) => 'message' in each),
  };
}

/** Columns that hold several pictures, which a cell divides by `;`. */
const lists = new Set(['images', 'references']);

function parseTable(text: string): RawJobs {
  const rows = parseCsv(text);
  if (rows === undefined) return { jobs: [], wrong: [{ line: 1, message: 'A quotation mark is opened and never closed.' }] };
  const [header, ...others] = rows;
  const names =
    header?.cells.map((name) =>
      name
        .trim()
        .toLowerCase()
        .replace(/[\s-]+/g, '_'),
    ) ?? [];
  if (!names.includes('prompt')) {
    const message = `The first line of a CSV file names its columns, one of them prompt: ${quote(header?.cells.join(',') ?? '', 80)} does not. For JSON, write one object a line.`;
    return { jobs: [], wrong: [{ line: header?.line ?? 1, message }] };
  }
  return sortOut(others.map(({ line, cells }) => toRow(line, cells, names)));
}

function toRow(line: number, cells: readonly string[], names: readonly string[]): RawJob | WrongLine {
  if (cells.length > names.length)
    return {
      line,
      message: `The line has ${cells.length} cells, the header ${names.length}. Put a cell with commas in it into quotation marks.`,
    };
  const filled = cells.flatMap((cell, index) => {
    const [name = '', value] = [names[index], cell.trim()];
    if (value === '' || name === '') return [];
    return [[name, lists.has(name) ? value.split(';').map((each) => each.trim()) : value] as const];
  });
  return { line, job: Object.fromEntries(filled) };
}
