import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DockerfileParser, ModifiableInstruction } from 'dockerfile-ast';
import { z } from 'zod';

/** A line of a Dockerfile: its keyword, upper case, its flags and its arguments, in JSON form or not. */
export interface Instruction {
  keyword: string;
  flags: Record<string, string>;
  args: readonly string[];
}

/** What stands between one FROM and the next. */
export interface Stage {
  name: string;
  image: string;
  instructions: readonly Instruction[];
}

/** The stages of a Dockerfile, in order. */
export async function readStages(root: string): Promise<Stage[]> {
  const all = DockerfileParser.parse(await readFile(join(root, 'Dockerfile'), 'utf8')).getInstructions();
  const stages: { name: string; image: string; instructions: Instruction[] }[] = [];
  for (const instruction of all) {
    const words = instruction.getArguments().map((argument) => argument.getValue());
    const flags = instruction instanceof ModifiableInstruction ? instruction.getFlags() : [];
    const keyword = instruction.getKeyword().toUpperCase();
    if (keyword === 'FROM') stages.push({ image: words[0] ?? '', name: words[2] ?? '', instructions: [] });
    else
      stages.at(-1)?.instructions.push({
        keyword,
        flags: Object.fromEntries(flags.map((flag) => [flag.getName(), flag.getValue() ?? ''])),
        args: toArgs(words),
      });
  }
  return stages;
}

function toArgs(words: readonly string[]): readonly string[] {
  return words[0]?.startsWith('[') ? z.array(z.string()).parse(JSON.parse(words.join(' '))) : words;
}

/** What `LABEL a=b` and `ENV a=b` set. */
export function toPairs(instructions: readonly Instruction[], keyword: string): Record<string, string> {
  const pairs = instructions.filter((instruction) => instruction.keyword === keyword).flatMap(({ args }) => args);
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1).replaceAll('"', '')]));
}
