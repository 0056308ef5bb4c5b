import type { Config } from '../config.ts';
import type { Places } from '../files/paths.ts';
import type { Opened } from '../tool.ts';

/** The first characters of a line, in a colour. */
export interface Mark {
  length: number;
  colour: 'green' | 'yellow' | 'red';
}

/** What a command of the command line is given; it knows neither the process nor its streams. */
export interface CliContext extends Opened {
  config: Config;
  /** What tells this machine from others that share the state folder. */
  host: string;
  /** The folder the command was given in; absolute. */
  cwd: string;
  /** How a server of this limner is started, with all of this process's environment, the key included. */
  server: { command: string; args: string[]; cwd: string; env: Record<string, string> };
  /** One line to stdout; the start of it in a colour, where it is a terminal that wants that. */
  print(line: string, mark?: Mark): void;
  /** Resolves once whoever reads stdout has all that was printed. */
  printed(): Promise<void>;
  /** One line to stderr, as it is. */
  printError(line: string): void;
  /** Width of the terminal that stdout is; undefined when it is none. */
  columns: number | undefined;
  /** Asks the person at the terminal a question that yes or no answers; undefined when there is nobody to ask. No answer before `stopped` fires is a no. */
  ask: ((question: string, stopped?: AbortSignal) => Promise<boolean>) | undefined;
  /** Asks the same person for a line, trimmed; `hidden` ones are not shown while they are typed. Undefined when there is nobody to ask. Rejects when the person ends the input instead. */
  askText: ((question: string, options?: { hidden?: boolean }) => Promise<string>) | undefined;
  /** All that stdin brings, as text; what is longer than anybody means is cut off. */
  readInput(): Promise<string>;
  /** The terminal that stdout is; undefined when it is none. */
  terminal: Terminal | undefined;
  /** The line of the terminal that stderr is; undefined when it is none, or takes no lines that change. */
  status: StatusLine | undefined;
  /** From now on Ctrl-C does not end the process at once: `lastWords` are what is done before it ends for work that takes too long to stop. */
  catchInterrupt(lastWords: () => Promise<unknown>): Interruption;
}

/** A terminal that may be able to show pictures. */
export interface Terminal {
  columns: number;
  rows: number;
  /** What it, or what it runs in, says of itself in the environment. */
  env: Readonly<Record<string, string | undefined>>;
  /** Writes bytes exactly as they are: the escape sequences that show a picture, and nothing made by others. */
  draw(bytes: string): void;
  /** Puts a question to the terminal itself, in escape sequences; what it has answered when `end` is found in it, or after a moment. Undefined when it cannot be asked. */
  query: ((question: string, end: RegExp) => Promise<string>) | undefined;
}

/** One line that is drawn again in place. */
export interface StatusLine {
  columns(): number;
  hasColour: boolean;
  draw(line: readonly Styled[]): void;
  clear(): void;
}

/** Text in one look. */
export interface Styled {
  text: string;
  look?: 'bright' | 'dim';
}

/** Whether the person has had enough. */
export interface Interruption {
  /** Fires with the first Ctrl-C or request to end; the next one ends the process at once. */
  signal: AbortSignal;
  /** The exit code then, as shells know it: 130 for Ctrl-C. */
  code(): number;
}

/** A person at a terminal means the folder they are in, and may name any file of theirs. */
export function toPersonalConfig({ config, cwd }: Pick<CliContext, 'config' | 'cwd'>): Config & Places {
  return { ...config, projectDir: cwd, isPerson: true };
}

/** A command: what is given after its name → its exit code. */
export type Command = (args: string[], context: CliContext) => Promise<number>;
