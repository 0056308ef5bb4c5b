/** How a person gives limner its key in one host. */
interface Host {
  /** Matches `clientInfo.name`, lower case. */
  client: RegExp;
  name: string;
  /** Where and what to write; the key itself is left to the person. */
  key: string;
}

const hosts: readonly Host[] = [
  {
    client: /^claude-code/,
    name: 'Claude Code',
    key: 'add "env": {"GEMINI_API_KEY": "KEY"} to the entry of limner in .mcp.json or ~/.claude.json (`claude mcp get limner` says which); of the plugin, run /plugin configure limner@limner',
  },
  {
    client: /^claude/,
    name: 'Claude Desktop',
    key: 'in Settings > Developer > Edit Config, add "env": {"GEMINI_API_KEY": "KEY"} to the entry "limner" of claude_desktop_config.json, then restart Claude; of the extension, fill in the key in Settings > Extensions',
  },
  {
    client: /codex/,
    name: 'Codex',
    key: 'in ~/.codex/config.toml add `env = { GEMINI_API_KEY = "KEY" }` under [mcp_servers.limner], or `env_vars = ["GEMINI_API_KEY"]` when the shell has it',
  },
  {
    client: /gemini/,
    name: 'Gemini CLI',
    key: 'in ~/.gemini/settings.json add "env": {"GEMINI_API_KEY": "$GEMINI_API_KEY"} to mcpServers.limner (Gemini CLI does not hand its own key on); of the extension, run `gemini extensions config limner`',
  },
  {
    client: /opencode/,
    name: 'OpenCode',
    key: 'in opencode.json add "environment": {"GEMINI_API_KEY": "{env:GEMINI_API_KEY}"} to mcp.limner',
  },
  { client: /cursor/, name: 'Cursor', key: 'in ~/.cursor/mcp.json add "env": {"GEMINI_API_KEY": "KEY"} to mcpServers.limner' },
  {
    client: /visual studio code|vscode/,
    name: 'VS Code',
    key: 'in .vscode/mcp.json add "env": {"GEMINI_API_KEY": "${input:gemini-key}"} to servers.limner, with a promptString input',
  },
  {
    client: /copilot/,
    name: 'Copilot CLI',
    key: 'in ~/.copilot/mcp-config.json add "env": {"GEMINI_API_KEY": "KEY"} to mcpServers.limner',
  },
  {
    client: /windsurf/,
    name: 'Windsurf',
    key: 'in ~/.codeium/windsurf/mcp_config.json add "env": {"GEMINI_API_KEY": "KEY"} to mcpServers.limner',
  },
  { client: /zed/, name: 'Zed', key: 'in settings.json add "env": {"GEMINI_API_KEY": "KEY"} to context_servers.limner' },
];

/** What to do when there is no key, for the host that is calling. Addressed to the agent, who has to pass it on; the key must not go through the chat. */
export function explainMissingKey(client: string | undefined, userFile: string): string {
  const host = hosts.find((candidate) => candidate.client.test((client ?? '').toLowerCase()));
  const here = host
    ? `In ${host.name}: ${host.key}. Or, for every host`
    : 'Set GEMINI_API_KEY in the environment of this server in the host’s MCP settings. Or, for every host';
  return (
    `No Gemini API key is set, so nothing was sent. The person can make one at https://aistudio.google.com/apikey (image models need billing). ${here}: write ` +
    `{"GEMINI_API_KEY": "KEY"} into ${userFile}. Then restart the server. Do not ask for the key in the chat. ` +
    'To try limner without a key: LIMNER_BACKEND=standin makes labelled stand-in drawings.'
  );
}
