import { ToolError } from './errors.ts';
import type { Call } from './generate.ts';
import type { ImageModel } from './model/image-model.ts';
import { textsIn } from './outgoing.ts';
import { repairArguments } from './repair/arguments.ts';
import { explainIssues } from './repair/explain.ts';
import { toToolShape } from './repair/shape.ts';
import { type Brought, type Deps, type Tool, toListedSchema } from './tool.ts';

/** Whoever makes a call, an agent through a host or a person at a terminal, and what it may use. */
export interface Caller extends Pick<Call, 'config' | 'cancelled' | 'gone' | 'report' | 'logError'>, Pick<Deps, 'open'> {
  /** What to do about a missing key, in words for this caller. */
  explainMissingKey(): string;
}

/** One call of a tool, from its raw arguments to what it brings. Throws a `ToolError` for whatever is wrong with them. */
export async function perform<Input, Brings extends Brought>(
  tool: Tool<Input, Brings>,
  raw: unknown,
  approved: boolean,
  caller: Caller,
): Promise<Brings> {
  const input = readInput(tool, raw, caller.config);
  const { explainMissingKey, open, ...given } = caller;
  const { archive, ledger, host, model = createKeyless(explainMissingKey) } = await open();
  return tool.handler(input, { ...given, archive, ledger, host, model, approved, explainMissingKey });
}

/** Arguments as a tool takes them, repaired and validated, and with no key in them. Throws `invalid_argument` or `unsupported` in words that teach. */
export function readInput<Input>(tool: Pick<Tool<Input>, 'name' | 'inputSchema'>, raw: unknown, config: Caller['config']): Input {
  const repaired = repairArguments(tool.name, toToolShape(toListedSchema(tool.inputSchema)), raw);
  const parsed = tool.inputSchema.safeParse(repaired);
  if (parsed.success) {
    requireNoKey(parsed.data, config);
    return parsed.data;
  }
  throw new ToolError('invalid_argument', explainIssues(tool.name, parsed.error.issues, repaired));
}

/** A key in a prompt would go into the request's body, a record and a file's name; it belongs into a header, and into no chat. */
function requireNoKey(input: unknown, { redactor }: Caller['config']): void {
  if (!redactor.finds(textsIn(input).join('\n'))) return;
  throw new ToolError(
    'invalid_argument',
    'An argument holds the API key, or a piece of it. limner has the key from its settings: leave it out. If it came out of a chat or a web page, the person should make a new one.',
  );
}

/** Stands where a model would: whatever needs none can still be found out, and the rest is refused before anything is sent. */
function createKeyless(explainMissingKey: () => string): ImageModel {
  return {
    backend: 'gemini',
    generate: async () => {
      throw new ToolError('no_key', explainMissingKey());
    },
  };
}

/** A refusal the person can lift. */
export function canBeLifted(error: unknown): error is ToolError & { question: string } {
  return error instanceof ToolError && error.question !== undefined;
}
