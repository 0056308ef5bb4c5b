const argumentNames = ['aspect_ratio', 'max_kb', 'web_search', 'dry_run'] as const;

/** Quotations, which are somebody's own words, and beside them the names and turns that are replaced; never a part of a path. */
const spoken = new RegExp(
  `("[^"\\n]*")|(?<![\\w/\\\\.-])(?:(generate|edit|compose|export)_images?|(${argumentNames.join('|')})|(the) person (can|should|would|has to))(?![\\w/\\\\-])`,
  'gi',
);

/** What is written for agents, in the words of somebody at a shell: commands and options instead of tools and arguments, and "you". */
export function toShellWords(text: string): string {
  return text
    .replace(/^(generate|edit|compose|export)_images?: /, '')
    .replace(/\bset overwrite to true\b/, 'add --overwrite')
    .replace(/\bWith count (?=\d)/, 'With --count ')
    .replace(spoken, (whole: string, quoted?: string, tool?: string, argument?: string, the?: string, verb?: string) => {
      if (quoted !== undefined) return toOption(quoted.slice(1, -1)) ?? quoted;
      if (tool !== undefined) return `limner ${tool}`;
      if (argument !== undefined) return toOption(argument) ?? whole;
      return `${the === 'The' ? 'You' : 'you'} ${verb === 'has to' ? 'have to' : verb}`;
    });
}

function toOption(name: string): string | undefined {
  return argumentNames.some((known) => known === name) ? `--${name.replace('_', '-')}` : undefined;
}
