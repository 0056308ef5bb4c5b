import { textFile, toHex } from './file.ts';
import { iconFile, openArt, sayHowLaidOut } from './icons.ts';
import { escapeMarkup } from './markup.ts';
import type { Opened } from './source.ts';
import type { Exported, ExportedFile, ExportWish } from './wish.ts';

/** Where an icon is used, its edge in points, at which scales: the AppIcon set as every Xcode since 9 reads it. */
const iosSlots = [
  { idiom: 'iphone', points: 20, scales: [2, 3] },
  { idiom: 'iphone', points: 29, scales: [2, 3] },
  { idiom: 'iphone', points: 40, scales: [2, 3] },
  { idiom: 'iphone', points: 60, scales: [2, 3] },
  { idiom: 'ipad', points: 20, scales: [1, 2] },
  { idiom: 'ipad', points: 29, scales: [1, 2] },
  { idiom: 'ipad', points: 40, scales: [1, 2] },
  { idiom: 'ipad', points: 76, scales: [1, 2] },
  { idiom: 'ipad', points: 83.5, scales: [2] },
  { idiom: 'ios-marketing', points: 1024, scales: [1] },
] as const;

/** AppIcon.appiconset, to be put into an asset catalogue: opaque RGB, square corners, since the App Store refuses alpha and iOS rounds them itself. */
export async function exportIos(picture: Opened, { fit }: ExportWish): Promise<Exported> {
  const art = await openArt(picture, fit);
  const images = iosSlots.flatMap(({ idiom, points, scales }) =>
    scales.map((scale) => ({ size: `${points}x${points}`, idiom, filename: `AppIcon-${points * scale}.png`, scale: `${scale}x` })),
  );
  const edges = [...new Set(iosSlots.flatMap(({ points, scales }) => scales.map((scale) => points * scale)))].sort((a, b) => a - b);
  const files: ExportedFile[] = [];
  for (const edge of edges) files.push(await iconFile(`AppIcon.appiconset/AppIcon-${edge}.png`, art, 'opaque', edge, picture.xmp));
  const contents = { images, info: { version: 1, author: 'xcode' } };
  files.push(textFile('AppIcon.appiconset/Contents.json', 'application/json', `${JSON.stringify(contents, null, 2)}\n`));
  const notes = [...sayHowLaidOut(picture, art, ['opaque']), 'Put AppIcon.appiconset into Assets.xcassets in place of the one there.'];
  return { files, markup: [], notes };
}

/** Pixels a dp on screens of each density. */
const androidDensities = { mdpi: 1, hdpi: 1.5, xhdpi: 2, xxhdpi: 3, xxxhdpi: 4 } as const;
const launcherDp = 48;
const adaptiveDp = 108;
const playStoreEdge = 512;

/** Android's launcher icons, laid out as Android Studio does, so that the folder is the one of the source set, `app/src/main`. */
export async function exportAndroid(picture: Opened, { fit }: ExportWish): Promise<Exported> {
  const art = await openArt(picture, fit);
  const files: ExportedFile[] = [];
  for (const [density, scale] of Object.entries(androidDensities)) {
    const icon = (name: string, style: 'plain' | 'round' | 'foreground', dp: number) =>
      iconFile(`res/mipmap-${density}/${name}.png`, art, style, dp * scale, picture.xmp);
    files.push(await icon('ic_launcher', 'plain', launcherDp));
    files.push(await icon('ic_launcher_round', 'round', launcherDp));
    files.push(await icon('ic_launcher_foreground', 'foreground', adaptiveDp));
  }
  files.push(await iconFile('ic_launcher-playstore.png', art, 'opaque', playStoreEdge, picture.xmp));
  for (const name of ['ic_launcher', 'ic_launcher_round'])
    files.push(textFile(`res/mipmap-anydpi-v26/${name}.xml`, 'application/xml', adaptiveIcon));
  files.push(textFile('res/values/ic_launcher_background.xml', 'application/xml', backgroundColour(toHex(art.ground))));
  const notes = [
    ...sayHowLaidOut(picture, art, ['plain', 'round', 'foreground', 'opaque']),
    'The folder is the source set, usually app/src/main; ic_launcher-playstore.png is for the Play Console.',
  ];
  const attributes = '<application android:icon="@mipmap/ic_launcher" android:roundIcon="@mipmap/ic_launcher_round">';
  return { files, markup: [{ language: 'xml', text: attributes }], notes };
}

const adaptiveIcon = `<?xml version="1.0" encoding="utf-8"?>
<adaptive-icon xmlns:android="http://schemas.android.com/apk/res/android">
    <background android:drawable="@color/ic_launcher_background"/>
    <foreground android:drawable="@mipmap/ic_launcher_foreground"/>
</adaptive-icon>
`;

function backgroundColour(colour: string): string {
  return `<?xml version="1.0" encoding="utf-8"?>
<resources>
    <color name="ic_launcher_background">${escapeMarkup(colour)}</color>
</resources>
`;
}
