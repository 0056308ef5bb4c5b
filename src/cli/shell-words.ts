const toolNames = /\b(generate|edit|compose|export)_images?\b/g;
const argumentNames = /"?\b([a-z]+_[a-z]+)\b"?(?= |[,.:;)]|$)/g;
const argumentsOfTools: ReadonlySet<string> = new Set(['aspect_ratio', 'max_kb', 'web_search', 'dry_run']);

/** What is written for agents, in the words of somebody at a shell: commands and options instead of tools and arguments. */
export function toShellWords(text: string): string {
  return text
    .replace(/^(generate|edit|compose|export)_images?: /, '')
    .replace(toolNames, 'limner $1')
    .replace(argumentNames, (word, name: string) => (argumentsOfTools.has(name) ? `--${name.replace('_', '-')}` : word));
}
