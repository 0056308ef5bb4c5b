import type { CliContext } from './context.ts';

/** A command: what is given after its name → its exit code. */
export type Command = (args: string[], context: CliContext) => Promise<number>;

/** One of them. */
export interface Entry {
  name: string;
  /** What `limner --help` says of it, in a line of at most 75 characters. */
  summary: string;
  /** Loads it, when it is asked for. */
  load(): Promise<Command>;
}

/** Everything a person can ask for from a shell, in the order of `limner --help`. */
export const commands: readonly Entry[] = [
  {
    name: 'demo',
    summary: 'generate, edit and compose a picture, and print where the files are',
    load: async () => (await import('./demo.ts')).demoCommand,
  },
  {
    name: 'export',
    summary: 'resize, convert, cut out; favicons, app icons, responsive sets: free',
    load: async () => (await import('./export.ts')).exportCommand,
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
];
