#!/usr/bin/env node
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/**
 * Hosts start a server at every launch: what V8 makes of the code is kept for the next (Node 22.8 and later), in the person's own folder for what can be made again; in the
 * system's temporary folder, where Node would put it, others may write.
 */
function keepCompiled(): void {
  // Importing the module would make all of it.
  const enable: unknown = Reflect.get(process.getBuiltinModule('node:module'), 'enableCompileCache');
  const { env, platform } = process;
  if (typeof enable !== 'function' || env.NODE_COMPILE_CACHE !== undefined) return;
  const named = platform === 'win32' ? env.LOCALAPPDATA : env.XDG_CACHE_HOME;
  const usual = platform === 'win32' ? ['AppData', 'Local'] : platform === 'darwin' ? ['Library', 'Caches'] : ['.cache'];
  try {
    const folder = named !== undefined && isAbsolute(named) ? named : join(homedir(), ...usual);
    if (isAbsolute(folder)) enable(join(folder, 'limner', 'compiled'));
  } catch {
    // A user whom the system does not know has no home: the code is made anew each time.
  }
}

keepCompiled();
const { run } = await import('./main.ts');
await run(process.argv.slice(2));
