/** Names people and programs give to pictures, some of them in folders. */
export const ordinaryNames: readonly string[] = [
  ...['fox.png', 'FOX 2.PNG', 'fox (1).png', 'pictures/a b.png', 'pictures/deep/er/still/and/on/and/on/and/on/fox.png', 'v1.2.final.png'],
  ...['été.png', 'e\u0301te\u0301.png', 'Größe.png', '日本語/写真.png', 'עברית.png', 'Привет мир.png', '😀.png', '👩‍🚀 ❤️.png'],
  ...[
    "O'Brien & sons.png",
    '50% off.png',
    'a#b.png',
    'a+b=c.png',
    '[draft].png',
    '{x}.png',
    '~fox.png',
    '-dash.png',
    '12:30.png',
    'what?.png',
  ],
  ...[
    'no extension',
    'fox.png.bak',
    '.hidden.png',
    '.playwright-mcp/page.png',
    'node_modules/kit/logo.png',
    '..fox.png',
    `${'long '.repeat(40)}.png`,
  ],
];

/** Places people name for pictures. */
export const ordinaryOutputs: readonly string[] = [
  ...[
    'icon.png',
    'new/folders/here/icon.png',
    'fox (2).png',
    'été 2.png',
    '日本語.png',
    '😀 2.png',
    "O'Brien.png",
    'a&b.png',
    'v1.2.png',
    'v1.2-beta',
  ],
  ...[
    '.github/banner.png',
    '.vuepress/public/hero.png',
    '.gitbook/assets/hero.png',
    '.attachments/hero.png',
    '-dash-2.png',
    '12:30.png',
    'no extension',
    'pictures/',
    './x/../y.png',
    '../project/z.png',
    'PHOTO.PNG',
    'photo.jpeg',
  ],
];
