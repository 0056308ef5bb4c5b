import type { Command } from './context.ts';

/** One command, as `limner --help` lists it. */
export interface Entry {
  name: string;
  /** What `limner --help` says of it, in a line of at most 75 characters. */
  summary: string;
  /** It says itself what is wrong with the settings, so the log need not. */
  tellsSettings?: boolean;
  /** Loads it, when it is asked for. */
  load(): Promise<Command>;
}

/** Everything a person can ask for from a shell, in the order of `limner --help`. */
export const commands: readonly Entry[] = [
  {
    name: 'setup',
    summary: 'put limner into Claude, Codex, Cursor, VS Code and others; the key',
    load: async () => (await import('./setup.ts')).setupCommand,
  },
  {
    name: 'demo',
    summary: 'generate, edit and compose a picture, and print where the files are',
    load: async () => (await import('./demo.ts')).demoCommand,
  },
  {
    name: 'generate',
    summary: 'a new picture: generate "a red fox in snow" -o fox.png',
    load: async () => (await import('./generate.ts')).generateCommand,
  },
  {
    name: 'edit',
    summary: 'a picture changed: edit fox.png "make it night"',
    load: async () => (await import('./edit.ts')).editCommand,
  },
  {
    name: 'compose',
    summary: 'one picture out of several: compose man.jpg hat.png "he wears the hat"',
    load: async () => (await import('./compose.ts')).composeCommand,
  },
  {
    name: 'batch',
    summary: 'hundreds of pictures at half price: batch prompts.jsonl -o out/',
    load: async () => (await import('./batch.ts')).batchCommand,
  },
  {
    name: 'export',
    summary: 'resize, convert, cut out; favicons, app icons, responsive sets: free',
    load: async () => (await import('./export.ts')).exportCommand,
  },
  {
    name: 'show',
    summary: 'a picture in the terminal, where it can: a file, an id or last',
    load: async () => (await import('./show.ts')).showCommand,
  },
  {
    name: 'gallery',
    summary: 'look at the pictures in your browser: full size, before and after, history',
    load: async () => (await import('./gallery.ts')).galleryCommand,
  },
  {
    name: 'history',
    summary: 'what was made: when, model, cost, file; --json',
    load: async () => (await import('./history.ts')).historyCommand,
  },
  {
    name: 'spend',
    summary: 'what it cost: today, this month, by day and model; --json',
    load: async () => (await import('./spend.ts')).spendCommand,
  },
  {
    name: 'forget',
    summary: "remove pictures from limner's archive: ID…, --older-than 90d, --all",
    load: async () => (await import('./forget.ts')).forgetCommand,
  },
  {
    name: 'serve',
    summary: 'a server for a team: MCP over HTTP, a token and a space a person',
    load: async () => (await import('./serve.ts')).serveCommand,
  },
  {
    name: 'doctor',
    summary: 'what does not work, and how to mend it; --offline, --json',
    tellsSettings: true,
    load: async () => (await import('./doctor.ts')).doctorCommand,
  },
];
