import { type McpServer, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { imageTemplate } from './resource-uris.ts';
import { quote } from './text.ts';
import type { Deps } from './tool.ts';

/** Suggestions the protocol takes at once. */
const most = 100;

/** Answers what completes an argument of a prompt, or the id in the address of a picture. What knows the suggestions is loaded with the first question. */
export function registerCompletions({ server }: McpServer, deps: Pick<Deps, 'config' | 'open'>): void {
  server.setRequestHandler('completion/complete', async ({ params: { ref, argument } }) => {
    const values =
      ref.type === 'ref/prompt' ? await completePrompt(ref.name, argument, deps) : await completeAddress(ref.uri, argument, deps);
    return { completion: { values: values.slice(0, most), total: values.length, hasMore: values.length > most } };
  });
}

interface Argument {
  name: string;
  /** What was typed so far. */
  value: string;
}

async function completePrompt(prompt: string, { name, value }: Argument, deps: Pick<Deps, 'config' | 'open'>): Promise<string[]> {
  const { findCompletion } = await import('./prompts/answers.ts');
  const completes = findCompletion(prompt, name);
  return completes === undefined ? [] : (await import('./prompts/complete.ts')).complete(completes, value, deps);
}

async function completeAddress(uri: string, { name, value }: Argument, { config, open }: Pick<Deps, 'config' | 'open'>): Promise<string[]> {
  if (!uri.startsWith(imageTemplate))
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no resource ${quote(uri, 200)} with something to complete.`);
  if (name !== 'id') return [];
  const { completeId } = await import('./resource-contents.ts');
  return completeId(value, { config, ...(await open()) });
}
