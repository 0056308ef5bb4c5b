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
  const named = absolute(platform === 'win32' ? env.APPDATA : env.XDG_CONFIG_HOME, platform);
  if (platform === 'win32') return joinPath(named ?? joinPath(home, 'AppData', 'Roaming'), 'limner', 'config.json');
  if (named !== undefined) return joinPath(named, 'limner', 'config.json');
  return platform === 'darwin'
    ? joinPath(home, 'Library', 'Application Support', 'limner', 'config.json')
    : joinPath(home, '.config', 'limner', 'config.json');
}

/** A folder as the system's own variables name it; a relative one would lie in whatever project is open, and counts as none (XDG Base Directory says so too). */
function absolute(folder: string | undefined, platform: NodeJS.Platform): string | undefined {
  const { isAbsolute: isAbsoluteThere } = platform === 'win32' ? win32 : posix;
  return folder !== undefined && isAbsoluteThere(folder) ? folder : undefined;
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
  if (platform === 'win32') return windowsSystemFolders.test(folder);
  // On macOS /etc, /tmp and /var are links to what is called the same in here.
  const known = folder.replace(/^\/private(?=\/(etc|tmp|var)(\/|$))/, '');
  return systemFolders.test(known) || deepSystemFolders.test(known);
}

/** Where this system keeps what programs remember. */
export function defaultStateDir({ env, home, platform }: System): string {
  const named = absolute(platform === 'win32' ? env.LOCALAPPDATA : env.XDG_STATE_HOME, platform);
  if (platform === 'win32') return join(named ?? join(home, 'AppData', 'Local'), 'limner');
  if (named !== undefined) return join(named, 'limner');
  return platform === 'darwin' ? join(home, 'Library', 'Application Support', 'limner') : join(home, '.local', 'state', 'limner');
}
