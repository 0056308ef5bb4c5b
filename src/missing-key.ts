import { hosts } from './hosts.ts';

/** What to do when there is no key, for the host that is calling. Addressed to the agent, who has to pass it on; the key must not go through the chat. */
export function explainMissingKey(client: string | undefined, userFile: string): string {
  const host = hosts.find((candidate) => candidate.client.test((client ?? '').toLowerCase()));
  const here = host
    ? `In ${host.name}: ${host.key}. Or, for every host`
    : 'Set GEMINI_API_KEY in the environment of this server in the host’s MCP settings. Or, for every host';
  return (
    `No Gemini API key is set, so nothing was sent. The person can make one at https://aistudio.google.com/apikey (image models need billing). ${here}: run limner's command \`setup\`, or write ` +
    `{"GEMINI_API_KEY": "KEY"} into ${userFile}. Then restart the server. Do not ask for the key in the chat. ` +
    'To try limner without a key: LIMNER_BACKEND=standin makes labelled stand-in drawings.'
  );
}

/** What a person at a terminal does about a missing key. */
export function explainMissingKeyInShell(userFile: string): string {
  return (
    'No Gemini API key is set, so nothing was sent. Make one at https://aistudio.google.com/apikey (image models need billing), then set GEMINI_API_KEY in this shell or, ' +
    `for limner everywhere, run limner setup, which stores it in ${userFile}. To try limner without a key: LIMNER_BACKEND=standin makes labelled stand-in drawings.`
  );
}
