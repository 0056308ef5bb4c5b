/** Prints a figure of a hunt as a line of its own. */
export function report(line: string): void {
  process.stdout.write(`${line}\n`);
}
