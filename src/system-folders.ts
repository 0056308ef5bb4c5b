import { isAbsolute, join, posix, relative, resolve, win32 } from 'node:path';

/** What decides where a person's folders are. */
export interface System {
  env: Readonly<Record<string, string | undefined>>;
  home: string;
  platform: NodeJS.Platform;
}

/** The per-user settings file: a JSON object with the names of the environment variables. The environment wins. */
export function toUserFile(system: System): string {
  const folder = system.platform === 'win32' ? undefined : toNamedFolder(system, 'XDG_CONFIG_HOME');
  return toPathJoin(system)(folder ?? toConfigFolder(system), 'limner', 'config.json');
}

/** Where programs with a window keep a person's settings, as Electron does: XDG counts on Linux alone. */
export function toConfigFolder(system: System): string {
  const { home, platform } = system;
  const join = toPathJoin(system);
  if (platform === 'win32') return toNamedFolder(system, 'APPDATA') ?? join(home, 'AppData', 'Roaming');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support');
  return toNamedFolder(system, 'XDG_CONFIG_HOME') ?? join(home, '.config');
}

/** Puts a path together as that system writes it, whichever this is. */
export function toPathJoin({ platform }: Pick<System, 'platform'>): typeof posix.join {
  return platform === 'win32' ? win32.join : posix.join;
}

/**
 * A folder as a variable names it; a relative one would lie in whatever project is open, and counts as none (XDG Base Directory says so too).
 */
export function toNamedFolder({ env, platform }: Pick<System, 'env' | 'platform'>, variable: string): string | undefined {
  const { isAbsolute: isAbsoluteThere } = platform === 'win32' ? win32 : posix;
  const folder = env[variable];
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
export function defaultStateDir(system: System): string {
  const { home, platform } = system;
  const named = toNamedFolder(system, platform === 'win32' ? 'LOCALAPPDATA' : 'XDG_STATE_HOME');
  if (platform === 'win32') return join(named ?? join(home, 'AppData', 'Local'), 'limner');
  if (named !== undefined) return join(named, 'limner');
  return platform === 'darwin' ? join(home, 'Library', 'Application Support', 'limner') : join(home, '.local', 'state', 'limner');
}
