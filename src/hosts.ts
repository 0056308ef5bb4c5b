import { type System, toConfigFolder, toNamedFolder, toPathJoin } from './system-folders.ts';

/** A host: where it is configured, what an entry looks like there, and how a person gives it the key. */
export interface Host {
  /** What `limner setup --host` calls it. */
  id: string;
  name: string;
  /** Matches `clientInfo.name`, lower case. */
  client: RegExp;
  /** Its per-user configuration; the first is the usual one, the others where some installations have it. */
  files(system: System): readonly [string, ...string[]];
  /** Its program, as it is called on a shell's PATH. */
  program?: string;
  /** `json` where the host itself takes neither comments nor trailing commas. */
  format: 'json' | 'jsonc' | 'toml';
  /** The layout of its entries; the last one whose container is there already, else the first. */
  layouts: readonly [Layout, ...Layout[]];
  /** What the person does next. */
  next: string;
  /** Where and what to write for a key of this host alone; the key itself is left to the person. */
  key: string;
}

/** How servers are listed in a configuration. */
export interface Layout {
  /** The keys that lead to the list of servers. */
  container: readonly string[];
  /** One list of words, or the program apart from its arguments. */
  command: 'list' | 'program';
  type?: string;
  environment: 'env' | 'environment';
  /** Put into a new entry; what the person made of it is kept. A 4K picture takes minutes, so time-outs are among it. */
  defaults?: Readonly<Record<string, unknown>>;
}

const usual: Layout = { container: ['mcpServers'], command: 'program', environment: 'env' };
const openCode: Layout = {
  container: ['mcp'],
  command: 'list',
  type: 'local',
  environment: 'environment',
  defaults: { timeout: 300_000 },
};

/** In the order of the list a person sees. Places and shapes are those of the hosts' own documentation of November 2026. */
export const hosts: readonly Host[] = [
  {
    id: 'claude-code',
    name: 'Claude Code',
    client: /^claude-code/,
    files: (system) => [toPathJoin(system)(toNamedFolder(system, 'CLAUDE_CONFIG_DIR') ?? system.home, '.claude.json')],
    program: 'claude',
    format: 'json',
    layouts: [{ ...usual, type: 'stdio' }],
    next: 'start a new session; /mcp shows limner.',
    key: 'add "env": {"GEMINI_API_KEY": "KEY"} to the entry of limner in .mcp.json or ~/.claude.json (`claude mcp get limner` says which); of the plugin, run /plugin configure limner@limner',
  },
  {
    id: 'claude-desktop',
    name: 'Claude Desktop',
    client: /^claude/,
    files: toClaudeDesktopFiles,
    format: 'json',
    layouts: [usual],
    next: 'quit it, from its menu or tray icon, and start it again.',
    key: 'in Settings > Developer > Edit Config, add "env": {"GEMINI_API_KEY": "KEY"} to the entry "limner" of claude_desktop_config.json, then restart Claude; of the extension, fill in the key in Settings > Extensions',
  },
  {
    id: 'codex',
    name: 'Codex',
    client: /codex/,
    files: (system) => [inOwnFolder(system, 'CODEX_HOME', '.codex', 'config.toml')],
    program: 'codex',
    format: 'toml',
    layouts: [{ ...usual, container: ['mcp_servers'], defaults: { startup_timeout_sec: 20, tool_timeout_sec: 300 } }],
    next: 'start it anew; /mcp shows limner.',
    key: 'in ~/.codex/config.toml add `env = { GEMINI_API_KEY = "KEY" }` under [mcp_servers.limner], or `env_vars = ["GEMINI_API_KEY"]` when the shell has it',
  },
  {
    id: 'cursor',
    name: 'Cursor',
    client: /cursor/,
    files: (system) => [inHome(system, '.cursor', 'mcp.json')],
    program: 'cursor',
    format: 'jsonc',
    layouts: [usual],
    next: 'look at Settings > MCP: limner has to be switched on there.',
    key: 'in ~/.cursor/mcp.json add "env": {"GEMINI_API_KEY": "KEY"} to mcpServers.limner',
  },
  {
    id: 'vscode',
    name: 'VS Code',
    client: /visual studio code|vscode/,
    files: (system) => [inConfig(system, 'Code', 'User', 'mcp.json'), inConfig(system, 'Code - Insiders', 'User', 'mcp.json')],
    program: 'code',
    format: 'jsonc',
    layouts: [{ ...usual, container: ['servers'], type: 'stdio' }],
    next: 'open the chat; it asks whether limner may be started.',
    key: 'in .vscode/mcp.json add "env": {"GEMINI_API_KEY": "${input:gemini-key}"} to servers.limner, with a promptString input',
  },
  {
    id: 'gemini-cli',
    name: 'Gemini CLI',
    client: /gemini/,
    files: (system) => [toPathJoin(system)(toNamedFolder(system, 'GEMINI_CLI_HOME') ?? system.home, '.gemini', 'settings.json')],
    program: 'gemini',
    format: 'jsonc',
    layouts: [{ ...usual, defaults: { timeout: 300_000 } }],
    next: 'start it anew; /mcp shows limner.',
    key: 'in ~/.gemini/settings.json add "env": {"GEMINI_API_KEY": "$GEMINI_API_KEY"} to mcpServers.limner (Gemini CLI does not hand its own key on); of the extension, run `gemini extensions config limner`',
  },
  {
    id: 'opencode',
    name: 'OpenCode',
    client: /opencode/,
    files: toOpenCodeFiles,
    program: 'opencode',
    format: 'jsonc',
    // Version 2 reads the first as well, but not both in one file.
    layouts: [openCode, { ...openCode, container: ['mcp', 'servers'], defaults: { timeout: { request: 300_000 } } }],
    next: 'start it anew; `opencode mcp list` shows limner.',
    key: 'in opencode.json add "environment": {"GEMINI_API_KEY": "{env:GEMINI_API_KEY}"} to mcp.limner',
  },
  {
    id: 'copilot-cli',
    name: 'Copilot CLI',
    client: /copilot/,
    files: (system) => [inOwnFolder(system, 'COPILOT_HOME', '.copilot', 'mcp-config.json')],
    program: 'copilot',
    format: 'jsonc',
    layouts: [{ ...usual, type: 'local', defaults: { tools: ['*'] } }],
    next: 'start it anew; /mcp show lists limner.',
    key: 'in ~/.copilot/mcp-config.json add "env": {"GEMINI_API_KEY": "KEY"} to mcpServers.limner',
  },
  {
    id: 'windsurf',
    name: 'Windsurf',
    client: /windsurf/,
    files: (system) => [inHome(system, '.codeium', 'windsurf', 'mcp_config.json')],
    program: 'windsurf',
    format: 'jsonc',
    layouts: [usual],
    next: "press the refresh button of Cascade's MCP servers.",
    key: 'in ~/.codeium/windsurf/mcp_config.json add "env": {"GEMINI_API_KEY": "KEY"} to mcpServers.limner',
  },
  {
    id: 'zed',
    name: 'Zed',
    client: /zed/,
    files: toZedFiles,
    program: 'zed',
    format: 'jsonc',
    layouts: [{ ...usual, container: ['context_servers'] }],
    next: 'look at the settings of the Agent Panel: limner has a green dot there.',
    key: 'in settings.json add "env": {"GEMINI_API_KEY": "KEY"} to context_servers.limner',
  },
];

function inHome(system: System, ...names: string[]): string {
  return toPathJoin(system)(system.home, ...names);
}

function inConfig(system: System, ...names: string[]): string {
  return toPathJoin(system)(toConfigFolder(system), ...names);
}

/** In a folder of the host's own in the home, unless its variable names another. */
function inOwnFolder(system: System, variable: string, folder: string, file: string): string {
  return toPathJoin(system)(toNamedFolder(system, variable) ?? inHome(system, folder), file);
}

/** Windows gives packaged programs, as the one of Anthropic's site, an AppData of their own. */
function toClaudeDesktopFiles(system: System): readonly [string, ...string[]] {
  const name = 'claude_desktop_config.json';
  const plain = inConfig(system, 'Claude', name);
  if (system.platform !== 'win32') return [plain];
  const local = toNamedFolder(system, 'LOCALAPPDATA') ?? inHome(system, 'AppData', 'Local');
  return [plain, toPathJoin(system)(local, 'Packages', 'Claude_pzs8sxrjxfjjc', 'LocalCache', 'Roaming', 'Claude', name)];
}

/** XDG on every system. */
function toOpenCodeFiles(system: System): readonly [string, ...string[]] {
  const folder = toNamedFolder(system, 'XDG_CONFIG_HOME') ?? inHome(system, '.config');
  const join = toPathJoin(system);
  return [join(folder, 'opencode', 'opencode.json'), join(folder, 'opencode', 'opencode.jsonc')];
}

/** XDG on macOS too. */
function toZedFiles(system: System): readonly [string, ...string[]] {
  if (system.platform === 'win32') return [inConfig(system, 'Zed', 'settings.json')];
  return [toPathJoin(system)(toNamedFolder(system, 'XDG_CONFIG_HOME') ?? inHome(system, '.config'), 'zed', 'settings.json')];
}
