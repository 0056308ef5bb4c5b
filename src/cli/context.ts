import type { Archive } from '../archive/archive.ts';
import type { Ledger } from '../archive/ledger.ts';
import type { Config } from '../config.ts';

/** The first characters of a line, in a colour. */
export interface Mark {
  length: number;
  colour: 'green' | 'yellow' | 'red';
}

/** What a command of the command line is given; it knows neither the process nor its streams. */
export interface CliContext {
  config: Config;
  /** The folder the command was given in; absolute. */
  cwd: string;
  /** How a server of this limner is started, with all of this process's environment, the key included. */
  server: { command: string; args: string[]; cwd: string; env: Record<string, string> };
  archive: Archive;
  ledger: Ledger;
  /** One line to stdout; the start of it in a colour, where it is a terminal that wants that. */
  print(line: string, mark?: Mark): void;
  /** One line to stderr, as it is. */
  printError(line: string): void;
  /** Width of the terminal that stdout is; undefined when it is none. */
  columns: number | undefined;
  /** Asks the person at the terminal a question that yes or no answers; undefined when there is nobody to ask. */
  ask(question: string): Promise<boolean> | undefined;
  /** Asks the same person for a line; `hidden` ones are not shown while they are typed. Undefined when there is nobody to ask. */
  askText(question: string, options?: { hidden?: boolean }): Promise<string> | undefined;
  /** All of stdin, for what is piped in. */
  readInput(): Promise<string>;
}
