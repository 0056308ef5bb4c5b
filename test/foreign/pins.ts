/** A program nobody here wrote, as npm has it. */
export interface Pin {
  package: string;
  /** Exact: a newer one is taken by hand, after a run with it. */
  version: string;
  /** Its name in the package's `bin`. */
  program: string;
}

/** Everything that `npm run test:clients` and `npm run test:hosts` install. */
export const pins = {
  /** Brings a Node of its own, for programs that need a newer one than limner does. */
  node: { package: 'node', version: '24.21.0', program: 'node' },
  inspector: { package: '@modelcontextprotocol/inspector', version: '2.12.0', program: 'mcp-inspector' },
  mcporter: { package: 'mcporter', version: '0.12.3', program: 'mcporter' },
  conformance: { package: '@modelcontextprotocol/conformance', version: '0.1.16', program: 'conformance' },
  conformanceAlpha: { package: '@modelcontextprotocol/conformance', version: '0.2.0-alpha.12', program: 'conformance' },
  claudeCode: { package: '@anthropic-ai/claude-code', version: '2.1.330', program: 'claude' },
  codex: { package: '@openai/codex', version: '0.169.0', program: 'codex' },
  geminiCli: { package: '@google/gemini-cli', version: '0.61.0', program: 'gemini' },
  openCode: { package: 'opencode-ai', version: '1.18.33', program: 'opencode' },
  copilotCli: { package: '@github/copilot', version: '1.0.102', program: 'copilot' },
} as const satisfies Record<string, Pin>;
