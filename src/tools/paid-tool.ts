import { defineTool, type Tool, type ToolDefinition } from '../tool.ts';
import type { CommonInput } from './paid.ts';

/** The tools that are paid. */
type PaidToolName = 'generate_image' | 'edit_image' | 'compose_images';

/** A tool that asks a model for pictures, at once or as a line of a batch. */
export interface PaidTool<Input> extends Tool<Input> {
  name: PaidToolName;
  /** The pictures it names, in the order the prompt counts them, and the arguments all such tools have. */
  split(input: Input): { pictures: readonly string[]; input: CommonInput };
}

/** Lets TypeScript read a paid tool's input from its schema, and has it done the one way there is. */
export function definePaidTool<Input>(
  definition: Omit<ToolDefinition<Input>, 'handler'> & Pick<PaidTool<Input>, 'name' | 'split'>,
): PaidTool<Input> {
  const { name, split } = definition;
  const handler: Tool<Input>['handler'] = async (given, call) => {
    const { pictures, input } = split(given);
    return (await import('./paid.ts')).paint(name, pictures, input, call);
  };
  return Object.assign(defineTool({ ...definition, handler }), { name, split });
}
