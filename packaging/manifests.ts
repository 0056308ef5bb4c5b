import about from '../package.json' with { type: 'json' };
import { options } from '../src/options.ts';

/** What stores show of limner in a line; the MCP registry takes at most 100 characters. */
const tagline = 'Images for AI agents with Google Gemini: generate, edit, compose, and finish files for free.';
const author = { name: 'The limner authors' };
/** A plugin and an extension are copied without their dependencies, so they start what is on npm under their own version. */
const fromNpm = { command: 'npx', args: ['-y', `${about.name}@${about.version}`] };

/** Above limner's own limit of a call, so that the answer to a slow one arrives. */
const longestCallMs = 300_000;

/** Meanings are Markdown in the README, plain text in stores. */
const toPlain = (markdown: string) => markdown.replaceAll('`', '');

/** The entry of the MCP registry: https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json. */
export function toServerJson() {
  return {
    $schema: 'https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json',
    name: about.mcpName,
    title: about.name,
    description: tagline,
    version: about.version,
    packages: [
      {
        registryType: 'npm',
        identifier: about.name,
        version: about.version,
        runtimeHint: 'npx',
        transport: { type: 'stdio' },
        environmentVariables: options.map(toInput),
      },
    ],
  };
}

/** A setting as the registry describes it, read from its row of the README's table. None is required: the key may be in the per-user file. */
function toInput({ name, values, default: fallback, meaning }: (typeof options)[number]) {
  const choices = /^`\w+`(, `\w+`)*$/.test(values) ? values.replaceAll('`', '').split(', ') : undefined;
  const isNumber = /^number$|^\d+ – \d+$/.test(values);
  const [, plainDefault] = /^`([^`]+)`$/.exec(fallback) ?? [];
  return {
    name,
    description: toPlain(meaning),
    format: isNumber ? 'number' : /^(absolute )?folder$/.test(values) ? 'filepath' : 'string',
    isRequired: false,
    isSecret: values === 'key',
    ...(choices && { choices }),
    ...(plainDefault && { default: plainDefault }),
  };
}

/** What a person is asked for where a host asks; the meaning of an empty field is part of the question. */
const questions = {
  api_key: {
    type: 'string',
    title: 'Gemini API key',
    description:
      'From https://aistudio.google.com/apikey; image models need billing. Empty: the key in the environment or in the per-user settings file.',
    sensitive: true,
    required: false,
  },
  output_folder: {
    type: 'directory',
    title: 'Folder for pictures',
    description: 'Where a picture goes when nobody names a place. Empty: Pictures/limner in your home, or generated-images in a project.',
    required: false,
  },
  budget_per_day: {
    type: 'number',
    title: 'Daily budget in US dollars',
    description: 'Most that may be spent in a calendar day. Empty: no limit.',
    min: 0,
    required: false,
  },
} as const;

/** The setting each answer is handed over in. */
const answers = {
  GEMINI_API_KEY: '${user_config.api_key}',
  LIMNER_OUTPUT_DIR: '${user_config.output_folder}',
  LIMNER_BUDGET_USD_PER_DAY: '${user_config.budget_per_day}',
};

/** A tool as `tools/list` shows it. */
export interface ListedTool {
  name: string;
  description?: string | undefined;
}

/** A platform as Node names it (`process.platform`, `process.arch`). */
export interface Platform {
  os: 'darwin' | 'linux' | 'win32';
  cpu: 'arm64' | 'x64';
}

/** The manifest of the bundle for Claude Desktop, format 0.3, of one platform. */
export function toMcpbManifest({ os }: Pick<Platform, 'os'>, tools: readonly ListedTool[]) {
  return {
    manifest_version: '0.3',
    name: about.name,
    display_name: 'limner',
    version: about.version,
    description: tagline,
    long_description: about.description,
    author,
    license: about.license,
    keywords: about.keywords,
    icon: 'icon.png',
    server: {
      type: 'node',
      entry_point: 'dist/index.js',
      mcp_config: { command: 'node', args: ['${__dirname}/dist/index.js'], env: answers },
    },
    tools: tools.map(({ name, description = '' }) => ({ name, description: toFirstSentence(description) })),
    // They are listed by the server itself, with their arguments.
    prompts_generated: true,
    user_config: questions,
    compatibility: { platforms: [os], runtimes: { node: about.engines.node } },
    privacy_policies: ['https://policies.google.com/privacy'],
  };
}

function toFirstSentence(text: string): string {
  return /^.*?\.(?= |$)/.exec(text)?.[0] ?? text;
}

/**
 * The plugin of Claude Code. Its server is named in here, since a `.mcp.json` beside it would also be a project's of whoever opens a checkout. It asks for the key
 * alone: an empty field is handed over as an empty variable, which would hide a folder or a budget that is set in the shell. The key of the shell gets past it under
 * its other name.
 */
export function toPlugin() {
  return {
    name: about.name,
    version: about.version,
    description: tagline,
    author,
    license: about.license,
    keywords: about.keywords,
    icon: './assets/icon.png',
    userConfig: { api_key: questions.api_key },
    mcpServers: {
      limner: { ...fromNpm, env: { GEMINI_API_KEY: answers.GEMINI_API_KEY, GOOGLE_API_KEY: '${GEMINI_API_KEY:-}' } },
    },
  };
}

/** The marketplace with that plugin alone: this repository, or the package on npm. */
export function toMarketplace() {
  return {
    name: about.name,
    owner: author,
    description: tagline,
    plugins: [
      { name: about.name, source: './', description: tagline, version: about.version, license: about.license, keywords: about.keywords },
    ],
  };
}

/**
 * The extension of Gemini CLI, which also finds the skill in `skills/`. Gemini CLI keeps its own key from servers; named in `env`, it is handed over, and the answer to
 * the setting wins over it.
 */
export function toGeminiExtension() {
  const { title, description } = questions.api_key;
  return {
    name: about.name,
    version: about.version,
    description: tagline,
    mcpServers: { limner: { ...fromNpm, env: { GEMINI_API_KEY: '$GEMINI_API_KEY' }, timeout: longestCallMs } },
    settings: [{ name: title, description, envVar: 'GEMINI_API_KEY', sensitive: true }],
  };
}
