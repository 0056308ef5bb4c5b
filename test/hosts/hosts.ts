import { pins } from '../foreign/pins.ts';
import { testKey } from '../google/index.ts';
import type { Host } from './host.ts';
import { readEntry } from './readme.ts';
import { anthropic } from './wires/anthropic.ts';
import { chat } from './wires/chat.ts';
import { gemini } from './wires/gemini.ts';
import { responses } from './wires/responses.ts';

const claudeCode: Host = {
  name: 'Claude Code',
  pin: pins.claudeCode,
  wire: anthropic,
  rewrite: (words) => words.replaceAll('…', '...'),
  setUp: async ({ sh, limner }) => sh(await readEntry('Claude Code', limner)),
  showsPictures: true,
  ask: 'claude -p "$PROMPT" --allowedTools "mcp__limner__*"',
  env: ({ model }) => ({ ANTHROPIC_BASE_URL: model, ANTHROPIC_API_KEY: 'nobody', CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1' }),
};

const codex: Host = {
  name: 'Codex',
  pin: pins.codex,
  wire: responses,
  async setUp({ write, limner, model }) {
    const provider = `[model_providers.local]\nname = "local"\nbase_url = "${model}/v1"\nwire_api = "responses"\nenv_key = "LOCAL_KEY"\n`;
    await write('.codex/config.toml', `model = "local"\nmodel_provider = "local"\n\n${provider}\n${await readEntry('Codex', limner)}`);
  },
  showsPictures: true,
  // Without a person to say yes, Codex refuses tools that are not approved beforehand.
  ask: `codex exec --skip-git-repo-check -c 'mcp_servers.limner.default_tools_approval_mode="approve"' "$PROMPT"`,
  env: () => ({ LOCAL_KEY: 'nobody' }),
};

const geminiCli: Host = {
  name: 'Gemini CLI',
  pin: pins.geminiCli,
  wire: gemini,
  async setUp({ write, limner }) {
    const entry = JSON.parse(await readEntry('Gemini CLI', limner));
    await write('.gemini/settings.json', JSON.stringify({ ...entry, security: { auth: { selectedType: 'gemini-api-key' } } }));
  },
  showsPictures: true,
  ask: 'gemini -m gemini-2.5-flash --yolo -p "$PROMPT"',
  env: ({ model }) => ({ GOOGLE_GEMINI_BASE_URL: model, GEMINI_API_KEY: testKey, GEMINI_CLI_TRUST_WORKSPACE: 'true' }),
};

const openCode: Host = {
  name: 'OpenCode',
  pin: pins.openCode,
  wire: chat,
  async setUp({ write, limner, model }) {
    const entry = JSON.parse(await readEntry('OpenCode', limner));
    const models = { drawing: { modalities: { input: ['text', 'image'], output: ['text'] }, attachment: true, tool_call: true } };
    const local = { npm: '@ai-sdk/openai-compatible', options: { baseURL: `${model}/v1`, apiKey: 'nobody' }, models };
    await write('project/opencode.json', JSON.stringify({ ...entry, model: 'local/drawing', provider: { local } }));
  },
  showsPictures: true,
  ask: 'opencode run "$PROMPT"',
  env: () => ({ OPENCODE_DISABLE_MODELS_FETCH: '1', OPENCODE_DISABLE_AUTOUPDATE: '1' }),
};

const copilotCli: Host = {
  name: 'Copilot CLI',
  pin: pins.copilotCli,
  wire: chat,
  setUp: async ({ write, limner }) => write('.copilot/mcp-config.json', await readEntry('Claude Desktop', limner)),
  showsPictures: false,
  ask: 'copilot -p "$PROMPT" --allow-all-tools --disable-builtin-mcps',
  env: ({ model }) => ({ COPILOT_PROVIDER_BASE_URL: `${model}/v1`, COPILOT_PROVIDER_API_KEY: 'nobody', COPILOT_MODEL: 'gpt-4.1' }),
};

/** The hosts on the command line that npm has, in the order of the README's table. */
export const hosts: readonly Host[] = [claudeCode, codex, geminiCli, openCode, copilotCli];
