import { completable, type McpServer } from '@modelcontextprotocol/server';
import type { Deps } from '../tool.ts';
import { type PromptArgument, prompts } from './table.ts';

/**
 * Registers the prompts a person can start from. What they say, and what completes their arguments, is loaded when it is asked for; no schema library is needed
 * to list them.
 */
export function registerPrompts(server: McpServer, deps: Pick<Deps, 'config' | 'open'>): void {
  for (const { name, title, description, arguments: taken } of prompts) {
    const config = { title, description, argsSchema: toSchema(taken, deps) };
    server.registerPrompt(name, config, async (given) => (await import('./message.ts')).getPrompt(name, taken, given));
  }
}

/** Lets everything through: what is wrong with the arguments of a prompt is told in our words when it is put together. */
function toSchema(taken: readonly PromptArgument[], deps: Pick<Deps, 'config' | 'open'>) {
  const listed = () => ({
    type: 'object',
    properties: Object.fromEntries(taken.map(({ name, description }) => [name, { type: 'string', description }])),
    required: taken.flatMap(({ name, required }) => (required ? [name] : [])),
  });
  const standard = {
    version: 1,
    vendor: 'limner',
    validate: (value: unknown) => ({ value }),
    jsonSchema: { input: listed, output: listed },
  } as const;
  return {
    '~standard': standard,
    /** Where the SDK looks for what completes an argument. */
    get shape() {
      return Object.fromEntries(taken.map((argument) => [argument.name, toField(argument)]));
    },
  };

  function toField({ completes }: PromptArgument) {
    const field = { '~standard': standard };
    if (completes === undefined) return field;
    return completable(field, async (typed) => (await import('./complete.ts')).complete(completes, String(typed), deps));
  }
}
