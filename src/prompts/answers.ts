import { type GetPromptResult, type ListPromptsResult, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { quote } from '../text.ts';
import { getPrompt } from './message.ts';
import { type Completion, type PromptArgument, type PromptName, prompts } from './table.ts';

export function listPrompts(): ListPromptsResult {
  return {
    prompts: prompts.map(({ name, title, description, arguments: taken }) => ({
      name,
      title,
      description,
      arguments: taken.map((argument: PromptArgument) => ({
        name: argument.name,
        description: argument.description,
        required: argument.required ?? false,
      })),
    })),
  };
}

/** The prompt of this name, filled in. Throws what the protocol has for wrong arguments when there is none, or `getPrompt` does. */
export function answerPrompt(name: string, given: unknown): GetPromptResult {
  const found = findPrompt(name);
  return getPrompt(found.name, found.arguments, given);
}

/** What completes an argument of a prompt; undefined when nothing can be suggested for it. Throws as `answerPrompt` does when there is no such prompt. */
export function findCompletion(prompt: string, name: string): Completion | undefined {
  return findPrompt(prompt).arguments.find((argument) => argument.name === name)?.completes;
}

function findPrompt(name: string): { name: PromptName; arguments: readonly PromptArgument[] } {
  const found = prompts.find((prompt) => prompt.name === name);
  if (found) return found;
  const names = prompts.map((prompt) => prompt.name).join(', ');
  throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no prompt ${quote(name)}. There are: ${names}.`);
}
