import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Host } from './host.ts';
import type { ListedTool, ToolResult } from './model.ts';
import { pathIn, type Walk } from './walk.ts';

const readme = join(import.meta.dirname, '..', '..', 'README.md');
const head = ['Host', 'Version', 'The model calls', 'Listed', 'Called', 'Path reaches the model', 'Picture reaches the model', 'Remarks'];

/** One row of the README's table, from nothing but what the host sent. */
export function toRow(host: Host, { turns }: Walk, results: readonly ToolResult[]): string[] {
  const [made] = results;
  const tool = turns[0]?.tools.find(({ name }) => name.endsWith('generate_image'));
  const yes = (holds: boolean) => (holds ? 'yes' : 'no');
  return [
    host.name,
    host.pin.version,
    tool === undefined ? '' : `\`${tool.name}\`${tool.group === undefined ? '' : ` in \`${tool.group}\``}`,
    yes(tool !== undefined),
    yes(results.length > 0),
    yes(made !== undefined && pathIn(made.text) !== ''),
    yes(made !== undefined && made.pictures.length > 0),
    [...(host.condition === undefined ? [] : [host.condition]), ...remarksOnSchema(tool), ...remarksOnLinks(made)].join('; '),
  ];
}

const schema = z.object({ properties: z.record(z.string(), z.unknown()), additionalProperties: z.boolean().optional() });

function remarksOnSchema(tool: ListedTool | undefined): string[] {
  const { properties, additionalProperties } = schema.parse(tool?.schema);
  return [
    ...('wait_for_previous' in properties ? ['adds an argument, `wait_for_previous`'] : []),
    ...(additionalProperties === false ? ['allows no other arguments'] : []),
  ];
}

/** What becomes of the link to the file, which is for the person. */
function remarksOnLinks(result: ToolResult | undefined): string[] {
  if (result?.text.includes('"resource_link"')) return ['the link reaches the model as JSON'];
  return [/\[?resource link\b/i.test(result?.text ?? '') ? 'the link reaches the model as a line' : 'the link is left out'];
}

/** The README with these rows in its table. */
export async function fillReadme(rows: readonly (readonly string[])[]): Promise<string> {
  const text = await readFile(readme, 'utf8');
  const [start, end] = ['<!-- walked -->', '<!-- /walked -->'];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from === -1 || to === -1) throw new Error('README.md has no place for the hosts that were walked');
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const table = [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
  return `${text.slice(0, from + start.length)}\n${table}\n${text.slice(to)}`;
}
