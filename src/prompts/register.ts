import type { McpServer } from '@modelcontextprotocol/server';

/** Answers for the prompts a person can start from. All that is known of them is loaded with the first question: most sessions never ask one. */
export function registerPrompts({ server }: McpServer): void {
  const load = () => import('./answers.ts');
  server.setRequestHandler('prompts/list', async () => (await load()).listPrompts());
  server.setRequestHandler('prompts/get', async ({ params }) => (await load()).answerPrompt(params.name, params.arguments));
}
