import { finish } from '../image/finish.ts';
import { drawIcon, type IconLayout, openIconArt, scaleOf } from '../image/icon.ts';
import type { IconArt } from '../image/icon-art.ts';
import { formatSize } from '../text.ts';
import { pixelFile, toHex } from './file.ts';
import type { Opened } from './source.ts';
import type { ExportedFile, Fit } from './wish.ts';

/** How icons are laid out; each says what it is for. */
export type IconStyle =
  /** As the picture is, transparent around it. */
  | 'plain'
  /** On a ground, edge to edge: systems round the corners themselves. */
  | 'opaque'
  /** On a ground, all that matters inside the circle that every mask leaves. */
  | 'maskable'
  /** A disc. */
  | 'round'
  /** The upper layer of Android's adaptive icon. */
  | 'foreground';

/** The safe zone of maskable icons: a circle of 80 % of the edge (https://www.w3.org/TR/appmanifest/#icon-masks). */
const maskableShare = 0.8;
/** Android's adaptive layers are 108 dp, of which 72 are seen and 66 never cut off (https://developer.android.com/develop/ui/views/launch/icon_design_adaptive). */
const adaptive = { seen: 72 / 108, safe: 66 / 108 } as const;
/** Cut-outs do not touch the edge of an opaque icon, or the rim of a disc. */
const cutOutShare = 0.8;

/** The art of icons, cropped to a square where `fit` is cover. */
export async function openArt(picture: Opened, fit: Fit | undefined): Promise<IconArt> {
  if (fit !== 'cover' || picture.width === picture.height) return openIconArt(picture.bytes);
  const { image } = await finish({ ...picture, format: picture.kind }, { cropTo: '1:1', format: 'png', xmp: picture.xmp });
  return openIconArt(image.bytes);
}

/** One icon as a PNG. */
export async function iconFile(name: string, art: IconArt, style: IconStyle, edge: number, xmp: string): Promise<ExportedFile> {
  const layout = toLayout(art, style, edge);
  return pixelFile(name, await drawIcon(art, layout), { format: 'png', xmp }, sayEnlarged(art, layout));
}

export function toLayout(art: IconArt, style: IconStyle, edge: number): IconLayout {
  const isCutOut = art.kind === 'cut-out';
  const whole = { edge, part: 'whole', share: 1, within: 'box', ground: art.ground } as const;
  const inCircle = (share: number) => ({ edge, part: 'subject', share, within: 'circle', ground: art.ground }) as const;
  const fullBleed = art.kind === 'full-bleed';
  switch (style) {
    case 'plain':
      return { ...whole, part: isCutOut ? 'subject' : 'whole', ground: undefined };
    case 'opaque':
      return isCutOut ? { ...whole, part: 'subject', share: cutOutShare } : whole;
    case 'maskable':
      return fullBleed ? whole : inCircle(maskableShare);
    case 'round':
      return { ...(fullBleed ? whole : inCircle(cutOutShare)), round: true };
    case 'foreground':
      return { ...(fullBleed ? { ...whole, share: adaptive.seen } : inCircle(adaptive.safe)), ground: undefined };
  }
}

export function sayEnlarged(art: IconArt, layout: IconLayout): string[] {
  const scale = scaleOf(art, layout);
  return scale < 1.005 ? [] : [`Enlarged ${scale.toFixed(2)} times, from ${formatSize(art.pixels)}: it is no sharper than that.`];
}

/** What was made of a picture that is no icon yet; `styles` are those that were used. */
export function sayHowLaidOut(picture: Opened, art: IconArt, styles: readonly IconStyle[]): string[] {
  const notes = [...picture.notes];
  const hasGround = styles.some((style) => style !== 'plain' && style !== 'foreground');
  const colour = toHex(art.ground);
  if (art.pixels.width !== art.pixels.height && art.kind !== 'cut-out') {
    const grounds = [styles.includes('plain') && 'transparency', hasGround && colour].filter(Boolean).join(', or where an icon is opaque on ');
    notes.push(`Icons are square and the picture is ${formatSize(picture)}: it stands whole on ${grounds}. \`fit\` cover crops it to a square instead.`);
  }
  if (art.kind === 'cut-out' && hasGround) notes.push(`Opaque icons have the cut-out on ${colour}, with room around it.`);
  if (art.kind === 'full-bleed' && styles.some((style) => style !== 'plain' && style !== 'opaque')) {
    notes.push('The picture reaches its edges, so round masks cut its corners off; a subject on a flat or transparent ground would be kept whole.');
  }
  return notes;
}
