/** So many errors outside of any call mean that something is broken for good. */
const mostBugs = 20;

/**
 * A bug outside of any call's own try/catch is logged, and the process goes on: calls share nothing but files that are whole or not there, other calls may have been
 * paid for, and hosts do not start a server again by themselves. One that keeps failing is told to finish its calls and end.
 */
export function surviveBugs(log: (error: unknown) => void, end: () => void): void {
  let bugs = 0;
  const onBug = (error: unknown) => {
    log(error);
    bugs += 1;
    if (bugs === mostBugs) end();
  };
  process.on('uncaughtException', onBug);
  process.on('unhandledRejection', onBug);
}
