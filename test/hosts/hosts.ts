import { pins } from '../foreign/pins.ts';
import { testKey } from '../google/index.ts';
import type { Host } from './host.ts';
import { anthropic } from './wires/anthropic.ts';
import { chat } from './wires/chat.ts';
import { gemini } from './wires/gemini.ts';
import { responses } from './wires/responses.ts';

const claudeCode: Host = {
  name: 'Claude Code',
  id: 'claude-code',
  pin: pins.claudeCode,
  wire: anthropic,
  rewrite: (words) => words.replaceAll('…', '...'),
  showsPictures: true,
  check: { line: 'claude mcp list', says: /^limner: .* - ✔ Connected$/m },
  ask: 'claude -p "Paint a red fox." --allowedTools "mcp__limner__*"',
  env: ({ model }) => ({
    ANTHROPIC_BASE_URL: model,
    ANTHROPIC_API_KEY: 'nobody',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    // On a busy machine it would ask its model before its servers are there.
    MCP_CONNECTION_NONBLOCKING: '0',
  }),
};

const codex: Host = {
  name: 'Codex',
  id: 'codex',
  pin: pins.codex,
  wire: responses,
  async furnish({ write, model }) {
    const provider = `[model_providers.local]\nname = "local"\nbase_url = "${model}/v1"\nwire_api = "responses"\nenv_key = "LOCAL_KEY"\n`;
    await write('.codex/config.toml', `model = "local"\nmodel_provider = "local"\n\n${provider}`);
  },
  permit: async ({ sh }) => sh(`printf '%s\\n' '${codex.permission}' >> ~/.codex/config.toml`),
  showsPictures: true,
  check: { line: 'codex mcp list', says: /^limner .* enabled /m },
  ask: 'codex exec --skip-git-repo-check "Paint a red fox."',
  permission: 'default_tools_approval_mode = "approve"',
  env: () => ({ LOCAL_KEY: 'nobody' }),
};

const geminiCli: Host = {
  name: 'Gemini CLI',
  id: 'gemini-cli',
  pin: pins.geminiCli,
  wire: gemini,
  async furnish({ write, project }) {
    const own = { security: { auth: { selectedType: 'gemini-api-key' } }, model: { name: 'gemini-2.5-flash' } };
    await write('.gemini/settings.json', JSON.stringify(own));
    // As when its person has said that the folder is trusted; it starts no server in any other.
    await write('.gemini/trustedFolders.json', JSON.stringify({ [project]: 'TRUST_FOLDER' }));
  },
  permit: async ({ write }) => write('.gemini/policies/limner.toml', geminiCli.permission ?? ''),
  showsPictures: true,
  check: { line: 'gemini mcp list', says: /^✓ limner: .* - Connected$/m },
  ask: 'gemini -p "Paint a red fox."',
  permission: '[[rule]]\nmcpName = "limner"\ntoolName = "*"\ndecision = "allow"\npriority = 100\n',
  env: ({ model }) => ({ GOOGLE_GEMINI_BASE_URL: model, GEMINI_API_KEY: testKey }),
};

const openCode: Host = {
  name: 'OpenCode',
  id: 'opencode',
  pin: pins.openCode,
  wire: chat,
  async furnish({ write, model }) {
    const models = { drawing: { modalities: { input: ['text', 'image'], output: ['text'] }, attachment: true, tool_call: true } };
    const local = { npm: '@ai-sdk/openai-compatible', options: { baseURL: `${model}/v1`, apiKey: 'nobody' }, models };
    await write('project/opencode.json', JSON.stringify({ model: 'local/drawing', provider: { local } }));
  },
  showsPictures: true,
  check: { line: 'opencode mcp list', says: /✓ limner \S*connected/ },
  ask: 'opencode run "Paint a red fox."',
  env: () => ({ OPENCODE_DISABLE_MODELS_FETCH: '1', OPENCODE_DISABLE_AUTOUPDATE: '1' }),
};

const copilotCli: Host = {
  name: 'Copilot CLI',
  id: 'copilot-cli',
  pin: pins.copilotCli,
  wire: chat,
  showsPictures: false,
  condition: 'with a model of one’s own, not signed in',
  check: { line: 'copilot mcp get limner', says: /Status: Enabled.*Tools: \* \(all\)/s },
  ask: 'copilot -p "Paint a red fox." --allow-tool limner',
  env: ({ model }) => ({ COPILOT_PROVIDER_BASE_URL: `${model}/v1`, COPILOT_PROVIDER_API_KEY: 'nobody', COPILOT_MODEL: 'gpt-4.1' }),
};

/** The hosts on the command line that npm has, in the order of the README's table. */
export const hosts: readonly Host[] = [claudeCode, codex, geminiCli, openCode, copilotCli];
