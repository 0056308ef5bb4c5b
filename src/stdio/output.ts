/** Where messages are written. */
export interface Output {
  /** False once the system takes no more for now; `done` is told when what was written has left this process, or why it could not. */
  write(text: string, done?: (error?: Error | null) => void): boolean;
  /** Bytes that wait to be read. */
  readonly writableLength: number;
  on(event: 'drain' | 'error', listener: () => void): void;
}

/**
 * Takes stdout for the protocol: what anybody else writes to it from now on, by its stream, `console` or a worker, goes to stderr. Out of reach is who writes to
 * file descriptor 1 itself: native code, and child processes that inherit it.
 */
export function claimOutput(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream): Output {
  const write = stdout.write.bind(stdout);
  stdout.write = stderr.write.bind(stderr);
  return {
    write: (text, done) => write(text, done),
    get writableLength() {
      return stdout.writableLength;
    },
    on: (event, listener) => void stdout.on(event, listener),
  };
}
