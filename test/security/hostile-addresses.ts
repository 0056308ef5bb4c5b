/** Addresses of this computer, of private networks and of metadata services. */
const private4 = [
  '127.0.0.1',
  '10.0.0.1',
  '172.16.5.4',
  '192.168.1.1',
  '169.254.169.254',
  '100.100.100.200',
  '100.64.0.1',
  '192.0.0.192',
  '168.63.129.16',
];
const special4 = [
  '0.0.0.0',
  '127.255.255.254',
  '172.31.255.255',
  '192.0.2.7',
  '192.88.99.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.9',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
];
const special6 = [
  '::',
  '::1',
  'fc00::1',
  'fd00:ec2::254',
  'fe80::1',
  'fec0::1',
  'ff02::1',
  '100::1',
  '64:ff9b:1::a00:1',
  '2001:0:4136:e378:8000:63bf:3fff:fdd2',
  '2001:10::1',
  '2001:20::1',
  '2001:db8::1',
  '2002:7f00:1::',
  '3fff::1',
  '5f00::1',
  '4000::1',
  '2620:4f:8000::1',
];

/** Every way to write an IPv4 address that a URL parser knows. */
function spellings4(address: string): string[] {
  const bytes = address.split('.').map(Number);
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  const number = ((a * 256 + b) * 256 + c) * 256 + d;
  const hex = (value: number) => `0x${value.toString(16)}`;
  const octal = (value: number) => `0${value.toString(8)}`;
  const wide = [...address].map((letter) => (letter === '.' ? '．' : String.fromCodePoint(0xff10 + Number(letter)))).join('');
  const circled = [...address].map((letter) => (/[1-9]/.test(letter) ? String.fromCodePoint(0x245f + Number(letter)) : letter)).join('');
  return [
    address,
    `${address}.`,
    String(number),
    hex(number),
    octal(number),
    bytes.map(hex).join('.'),
    bytes.map(octal).join('.'),
    bytes.map((byte) => `0000${byte.toString(8)}`).join('.'),
    `${a}.${(b * 256 + c) * 256 + d}`,
    `${a}.${b}.${c * 256 + d}`,
    `${hex(a)}.${b}.${octal(c)}.${d}`,
    address.replaceAll('.', '。'),
    address.replaceAll('.', '｡'),
    address.replaceAll('.', '%2e'),
    [...address].map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join(''),
    wide,
    circled,
  ];
}

/** Every way to put an IPv4 address into an IPv6 one. */
function embeddings(address: string): string[] {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  const group = (high: number, low: number) => (high * 256 + low).toString(16);
  const [head, tail] = [group(a, b), group(c, d)];
  const inverted = `${group(255 - a, 255 - b)}:${group(255 - c, 255 - d)}`;
  return [
    `::ffff:${address}`,
    `::ffff:${head}:${tail}`,
    `::${address}`,
    `::ffff:0:${address}`,
    `64:ff9b::${address}`,
    `64:ff9b:1::${head}:${tail}`,
    `2002:${head}:${tail}::1`,
    `2001:0:4136:e378:8000:63bf:${inverted}`,
    `2600:1234::5efe:${address}`,
    `2600:1234::200:5efe:${head}:${tail}`,
    `fe80::5efe:${address}`,
  ];
}

const names =
  `localhost LOCALHOST localhost. foo.localhost printer.local nas.lan box.home.arpa router.home server.corp localhost.localdomain metadata
  metadata.google.internal instance-data instance-data.ec2.internal kubernetes.default.svc.cluster.local intranet com a.onion service.internal. ip6-localhost
  1.0.0.127.in-addr.arpa`
    .split(/\s+/)
    .filter((name) => name !== '');

const odd = [
  'https://user:password@pictures.example/a.png',
  'https://user@pictures.example/a.png',
  'https://@pictures.example/a.png',
  'https://:@pictures.example/a.png',
  'https://pictures.example@127.0.0.1/a.png',
  'https://pictures.example:443@10.0.0.1/a.png',
  'https://127.0.0.1#@pictures.example/a.png',
  'https://127.0.0.1?@pictures.example/a.png',
  'https://127.0.0.1\\@pictures.example/a.png',
  'https://pictures.example\\@127.0.0.1/a.png',
  'https:\\\\127.0.0.1\\a.png',
  'https:/127.0.0.1/a.png',
  'https:127.0.0.1/a.png',
  'https:///127.0.0.1/a.png',
  'https:////pictures.example/a.png',
  'https://pictures.example/a\tb.png',
  'https://pictures\n.example/a.png',
  'https://pictures.example/a.png\r\nHost: 127.0.0.1',
  'https://pictures.example /a.png',
  'https://pictures\u200b.example/a.png',
  'https://pictures.example\0.png/',
  'https://pictures.example:80/a.png',
  'https://pictures.example:22/a.png',
  'https://pictures.example:8443/a.png',
  'https://pictures.example:99999/a.png',
  'https://pictures..example/a.png',
  'https://.pictures.example/a.png',
  'https://-/a.png',
  'https://*/a.png',
  'https://[fe80::1%25eth0]/a.png',
  'https://[fe80::1%eth0]/a.png',
  'https://[::1/a.png',
  'https://[v1.fe]/a.png',
  'https://',
  'https:',
  'http://pictures.example/a.png',
  'HTTP://pictures.example/a.png',
  'ftp://pictures.example/a.png',
  'gopher://127.0.0.1:70/_x',
  'ws://pictures.example/a.png',
  'file://127.0.0.1/etc/passwd',
  'file:///etc/passwd',
  'data:image/png;base64,AAAA',
  'javascript:alert(1)',
  'jar:https://127.0.0.1!/a.png',
  'view-source:https://pictures.example/a.png',
  'blob:https://pictures.example/a',
  'ht\ttps://pictures.example/a.png',
  'url:https://127.0.0.1/a.png',
];

/** Addresses an agent may be talked into passing as a picture; each is to be refused and none asked. */
export const hostileAddresses: readonly string[] = [
  ...private4.flatMap(spellings4),
  ...special4.flatMap((address) => spellings4(address).slice(0, 5)),
  ...private4.flatMap(embeddings).map((address) => `[${address}]`),
  ...special6.map((address) => `[${address}]`),
  ...names,
]
  .map((host) => `https://${host}/a.png`)
  .concat(odd);

/** Public addresses next to the private ones, and names that only look like those. */
export const publicAddresses: readonly string[] = [
  '1.1.1.1',
  '9.255.255.255',
  '11.0.0.1',
  '93.184.216.34',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.1',
  '168.63.129.15',
  '168.63.129.17',
  '169.253.255.255',
  '169.255.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '192.0.1.0',
  '192.167.255.255',
  '192.169.0.0',
  '198.17.255.255',
  '198.20.0.0',
  '223.255.255.255',
  '[2001:200::1]',
  '[2001:4860:4860::8888]',
  '[2003::1]',
  '[2606:4700:4700::1111]',
  '[2a00:1450:4001:800::200e]',
  'localhost.pictures.example',
  '127.0.0.1.pictures.example',
  'internal.pictures.example',
  'xn--bcher-kva.pictures.example',
  'bücher.pictures.example',
  'PICTURES.EXAMPLE',
  'pictures.example.',
].map((host) => `https://${host}/a.png`);
