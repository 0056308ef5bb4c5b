import type { HostileGround } from './hostile-ground.ts';

const secretFiles = ['.ssh/id_rsa', '.ssh/id_ed25519', '.aws/credentials', '.env', '.bashrc', '.netrc'];
const specials = [
  ...['environ', 'cmdline', 'mem', 'fd/0', 'fd/1', 'root/etc/passwd', 'cwd/.env', 'maps'].map((name) => `/proc/self/${name}`),
  ...['zero', 'urandom', 'stdin', 'stdout', 'fd/0', 'tty', 'full', 'null', 'shm'].map((name) => `/dev/${name}`),
  '/proc/1/environ',
  '/sys/kernel/notes',
];
const encodings = ['..%2f', '%2e%2e/', '..%252f', '..%c0%af', '....//', '..\\', '..;/', '．．／', '‥/', '%c0%ae%c0%ae/', '..%00/'];

/** Paths of pictures and secrets that must not be read, in every form we know of. */
export function hostileReads({ project, outside, twin, home }: HostileGround): string[] {
  const secret = `${outside}/private.png`;
  const ways = [
    secret,
    `${twin}/private.png`,
    '../outside/private.png',
    'sub/../../outside/private.png',
    `${project}/./../outside/private.png`,
    `${project}//..//outside//private.png`,
    `${project}/not/there/../../../outside/private.png`,
    `/proc/self/root${secret}`,
    `/proc/self/cwd/../outside/private.png`,
    `//${secret}`,
    '~/outside/private.png',
    '~/Pictures/private.png',
    ...['private.png', 'deeper/private.png', 'deeper/../private.png', 'not-there.png'].map((name) => `link-dir/${name}`),
    `link-root${secret}`,
    'link-home/outside/private.png',
    'link-home/project/link-dir/private.png',
    'link-abs-etc/passwd',
  ];
  const links = ['file', 'chain', 'rel-up', 'loop', 'dangling', 'proc', 'live'].map((name) => `link-${name}.png`);
  const odd = [
    'fifo.png',
    'socket.png',
    'dir.png',
    'sparse-20g.png',
    'growing.png',
    'no-permission.png',
    'missing.png',
    'notes.txt',
    '.env',
  ];
  const fakes = ['id_rsa.png', 'passwd.jpg', 'png-head-then-secrets.png'];
  const urls = [
    ...['file://', 'FILE://', 'file://localhost'].map((start) => `${start}${secret}`),
    `file:${secret}`,
    `file://${project}/%2e%2e/outside/private.png`,
    `file://${project}/..%2foutside%2fprivate.png`,
    `file://${project}/link-file.png`,
    `file://${project}/existing.png%00.txt`,
    `file://${project}/existing.png?../../outside/private.png`,
    `file://${project}/existing.png#x`,
    'file://evil.example/share/x.png',
    'file:////evil.example/share/x.png',
    'file:///',
    'file://%',
  ];
  const foreign = [
    ...['$HOME/.ssh/id_rsa', '${HOME}/.env', '%USERPROFILE%\\x.png', '`id`', '$(id)', '| id', '*.png', '[a-z].png', '~root/x.png'],
    ...['-', '--help', '@/etc/passwd', 'text:/etc/passwd', 'http://', '\\\\evil.example\\share\\x.png', '//evil.example/share/x.png'],
    ...['\\\\?\\C:\\x.png', '\\\\.\\PhysicalDrive0', 'C:\\Windows\\win.ini', 'c:/Windows/win.ini', 'c:boot.ini', 'CON', 'NUL.png'],
  ];
  const malformed = [
    ...['', ' ', '.', '..', '/', '\t', '\n', '\0', 'existing.png\0', `${secret}\0.png`, '\u001b[2J.png', '\u202egnp.exe', '\ufeff.png'],
    ...['\u200b', '\ud800.png', 'x'.repeat(300), 'x/'.repeat(2000), '../'.repeat(1300), 'é'.repeat(4000), `${'y'.repeat(5000)}.png`],
  ];
  return [
    ...ways,
    ...links,
    ...odd,
    ...fakes,
    ...urls,
    ...foreign,
    ...malformed,
    ...specials,
    ...specials.map((path) => `file://${path}`),
    ...secretFiles.flatMap((name) => [`~/${name}`, `${home}/${name}`, `../${name}`, `link-home/${name}`, `file://${home}/${name}`]),
    ...encodings.flatMap((up) => [`${up.repeat(3)}etc/passwd`, `${project}/${up}outside/private.png`, `sub/${up}${up}outside/private.png`]),
  ];
}

/** Names that lead out of the project: all of them are refused. */
export function escapingWrites({ project, outside, twin, home }: HostileGround): string[] {
  return [
    ...[`${outside}/x.png`, `${outside}/`, `${twin}/x.png`, '../outside/x.png', 'sub/../../outside/x.png', `${home}/.bashrc`, '~/x.png'],
    ...['link-dir/x.png', 'link-dir/', 'link-dir', 'link-dir/new/x.png', 'link-dangling-dir/x.png', 'link-dangling-dir', 'link-live.png'],
    ...['link-dangling.png', 'link-loop.png', 'link-root/tmp/x.png', '/etc/cron.d/x.png', '/dev/null', '/dev/stdout', '/proc/self/fd/1'],
    ...[
      `file://${outside}/x.png`,
      `file://${project}/%2e%2e/outside/x.png`,
      '/proc/self/cwd/../outside/x.png',
      '/proc/self/root/tmp/x.png',
    ],
    ...['\\\\evil.example\\share\\x.png', '//evil.example/share/x.png', 'C:\\Windows\\x.png', 'missing/../../outside/x.png'],
  ];
}

const reserved = ['CON', 'con.png', 'NUL.png', 'Aux.jpeg', 'com1.webp', 'LPT9.png', 'nul.tar.png', 'COM¹.png', 'CONIN$.png', 'CLOCK$.png'];
const hidden = [
  '.git/hooks/x.png',
  '.git/x',
  '.ssh/x.png',
  '.vscode/x.png',
  'sub/.hidden/x.png',
  'node_modules/.bin/x.png',
  '.bashrc',
  '.x.png',
];
const programs = [
  'html',
  'svg',
  'php',
  'js',
  'sh',
  'bat',
  'exe',
  'lnk',
  'url',
  'scf',
  'json',
  'md',
  'ini',
  'pdf',
  'ico',
  'phtml',
  'png.sh',
];
const unseen = [
  'a\nb.png',
  'a\tb.png',
  '\u001b[31mred.png',
  '\u202egnp.exe.png',
  '\u200b.png',
  '\u2028.png',
  'fox\u{e0041}.png',
  '\ud800.png',
];
const odd = ['x.png.', 'x.png..', 'a\\b.png', '..\\x.png', '\\', '...', 'x.png\0.sh', '\0', 'new\n/x.png', 'nul/x.png', 'new./x.png'];

/** Names that no file or folder of the project may get. */
export const refusedWrites: readonly string[] = [
  ...reserved,
  ...hidden,
  ...programs.map((extension) => `x.${extension}`),
  ...unseen,
  ...odd,
  ...['x.sh.png/../x.sh', `${'a'.repeat(300)}.png`, `${'é'.repeat(130)}.png`, `${'😀'.repeat(80)}.png`, `${'a/'.repeat(1000)}x.png`],
  ...['existing.png', 'existing-dir.png/../existing.png', 'file-as-dir.png/x.png', 'fifo.png', 'socket.png'],
];

/** Names that are odd, and may become a picture in the project or be refused. */
export const oddWrites: readonly string[] = [
  ...['', ' ', '.', '-rf.png', '--help.png', 'x', 'x.', 'x.png%00.png', 'x.png:ads', 'x.png::$DATA', '$(id).png', '`id`.png', '~.png'],
  ...['a<b.png', 'a>b.png', 'a:b.png', 'a"b.png', 'a|b.png', 'a?b.png', 'a*b.png', "a'b.png", 'a b.png', ' a.png', 'x.desktop', 'Makefile'],
  ...[
    'existing-dir.png',
    'EXISTING.png',
    '%2e%2e%2fx.png',
    'undefined',
    'null',
    'A:',
    '<script>alert(1)</script>',
    '__proto__',
    'x.png;.png',
  ],
];
