import { isAbsolute, join, posix, relative, resolve, win32 } from 'node:path';

/** What decides where a person's folders are. */
export interface System {
  env: Readonly<Record<string, string | undefined>>;
  home: string;
  platform: NodeJS.Platform;
}

/** The per-user settings file: a JSON object with the names of the environment variables. The environment wins. */
export function toUserFile({ env, home, platform }: System): string {
  const { join: joinPath } = platform === 'win32' ? win32 : posix;
  if (platform === 'win32') return joinPath(env.APPDATA || joinPath(home, 'AppData', 'Roaming'), 'limner', 'config.json');
  if (env.XDG_CONFIG_HOME) return joinPath(env.XDG_CONFIG_HOME, 'limner', 'config.json');
  return platform === 'darwin'
    ? joinPath(home, 'Library', 'Application Support', 'limner', 'config.json')
    : joinPath(home, '.config', 'limner', 'config.json');
}

/** `~` and `~/…` as the person's home; everything else unchanged. */
export function expandHome(path: string, home: string): string {
  return path === '~' || path.startsWith('~/') || path.startsWith('~\\') ? join(home, path.slice(1)) : path;
}

const systemFolders =
  /^\/(bin|boot|dev|etc|lib\w*|proc|root|run|sbin|sys|usr(\/(local|src))?|var|opt|Applications|Library|System|Users|home|private|Volumes|mnt|media)$/;
const deepSystemFolders =
  /^\/(bin|boot|dev|etc|lib\w*|proc|sbin|sys|usr\/(local\/)?(bin|include|lib\w*|sbin|share)|Applications|Library|System)(\/|$)/;
const windowsSystemFolders = /^[a-z]:\\(windows|program files( \(x86\))?|programdata)(\\|$)|^[a-z]:\\users(\\[^\\]+)?$/i;

/** The root, any home, a folder that holds homes, a system folder: hosts start servers there, and nobody means them as a place for pictures. */
export function isTooWide(folder: string, { home, platform }: Omit<System, 'env'>): boolean {
  const upFromFolder = relative(folder, home);
  const holdsHome = upFromFolder === '' || !(upFromFolder.startsWith('..') || isAbsolute(upFromFolder));
  const isRoot = resolve(folder, '..') === folder;
  if (isRoot || holdsHome || /^\/(home|Users)\/[^/]+$/.test(folder)) return true;
  return platform === 'win32' ? windowsSystemFolders.test(folder) : systemFolders.test(folder) || deepSystemFolders.test(folder);
}

/** Where this system keeps what programs remember. */
export function defaultStateDir({ env, home, platform }: System): string {
  if (platform === 'win32') return join(env.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'limner');
  if (env.XDG_STATE_HOME) return join(env.XDG_STATE_HOME, 'limner');
  return platform === 'darwin' ? join(home, 'Library', 'Application Support', 'limner') : join(home, '.local', 'state', 'limner');
}
