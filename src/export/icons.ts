import { finish } from '../image/finish.ts';
import { drawIcon, type IconLayout, openIconArt, partOf, scaleOf } from '../image/icon.ts';
import type { IconArt } from '../image/icon-art.ts';
import { formatSize } from '../text.ts';
import { pixelFile, toHex } from './file.ts';
import type { Opened } from './source.ts';
import type { ExportedFile, Fit } from './wish.ts';

/** How icons are laid out; each says what it is for. */
export type IconStyle =
  /** As the picture is, transparent around it. */
  | 'plain'
  /** For a few pixels: the subject as large as it can be, with only a rim of its ground. */
  | 'small'
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
/** What the subject of a small icon takes, unless it took more already. */
const smallShare = 0.88;

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
      return { ...whole, part: isCutOut ? 'subject' : 'whole', ground: isSeamless(art) ? art.ground : undefined };
    case 'small':
      if (isCutOut || fullBleed) return toLayout(art, 'plain', edge);
      return { ...whole, part: 'subject', share: Math.max(smallShare, subjectShare(art)) };
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

/** The ground goes on around it where the picture is no square. */
function isSeamless({ kind, pixels }: IconArt): boolean {
  return kind === 'on-flat-ground' && pixels.width !== pixels.height;
}

/** How much of the longer edge of the picture its subject takes. */
function subjectShare({ pixels, subject: { left, top, right, bottom } }: IconArt): number {
  return Math.max(right - left, bottom - top) / Math.max(pixels.width, pixels.height);
}

/** Said where an icon has more pixels than the part of the art it shows. */
export function sayEnlarged(art: IconArt, layout: IconLayout): string[] {
  const scale = scaleOf(art, layout);
  const { left, top, right, bottom } = partOf(art, layout);
  const size = { width: right - left, height: bottom - top };
  return scale < 1.005 ? [] : [`Enlarged ${scale.toFixed(2)} times, from ${formatSize(size)}: it is no sharper than that.`];
}

/** What was made of a picture that is no icon yet; `styles` are those that were used. */
export function sayHowLaidOut(picture: Opened, art: IconArt, styles: readonly IconStyle[]): string[] {
  const notes = [...picture.notes];
  const hasGround = styles.some((style) => style === 'opaque' || style === 'maskable' || style === 'round');
  const colour = toHex(art.ground);
  if (styles.includes('small') && art.kind === 'on-flat-ground' && subjectShare(art) < smallShare) {
    notes.push('The small icons show the subject larger than the picture does, with less of its ground.');
  }
  if (art.pixels.width !== art.pixels.height && art.kind === 'full-bleed') {
    const grounds = [styles.some((style) => style === 'plain' || style === 'small') && 'transparency', hasGround && colour]
      .filter(Boolean)
      .join(', or where an icon is opaque on ');
    notes.push(
      `Icons are square and the picture is ${formatSize(picture)}: it stands whole on ${grounds}. \`fit\` cover crops it to a square instead.`,
    );
  }
  if (art.kind === 'cut-out' && hasGround) notes.push(`Opaque icons have the cut-out on ${colour}, with room around it.`);
  if (art.kind === 'full-bleed' && styles.some((style) => style === 'maskable' || style === 'round' || style === 'foreground')) {
    notes.push(
      'The picture reaches its edges, so round masks cut its corners off; a subject on a flat or transparent ground would be kept whole.',
    );
  }
  return notes;
}
