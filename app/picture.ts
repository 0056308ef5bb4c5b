import { numberAt, textAt, textsAt } from './json.ts';

/** A picture as far as the page knows it; what came without is undefined. */
export interface Picture {
  /** limner's; only what is one becomes part of an address. */
  id: string | undefined;
  path: string | undefined;
  width: number | undefined;
  height: number | undefined;
  format: string | undefined;
  model: string | undefined;
  prompt: string | undefined;
  /** What it shows, in the caller's words. */
  alt: string | undefined;
  /** US dollars for this one. */
  dollars: number | undefined;
  /** `standin`: no model made it. */
  backend: string | undefined;
  /** Ids of what it was made from; in a history, the one it stands after comes first. */
  parents: readonly string[];
  differences: readonly string[];
  /** Address of a small one that is at hand. */
  small?: string | undefined;
  /** The call that made it. */
  call?: { tool: string; args: object } | undefined;
}

export const toId = (id: string | undefined): string | undefined => (id && /^img_[a-z2-7]{16}$/.test(id) ? id : undefined);

/** A picture by the facts limner tells of it, in a result, a history or a list. */
export const readPicture = (facts: unknown): Picture => ({
  id: toId(textAt(facts, 'id')),
  path: textAt(facts, 'path'),
  width: numberAt(facts, 'width'),
  height: numberAt(facts, 'height'),
  format: textAt(facts, 'format'),
  model: textAt(facts, 'model'),
  prompt: textAt(facts, 'prompt'),
  alt: textAt(facts, 'alt'),
  dollars: numberAt(facts, 'dollars'),
  backend: textAt(facts, 'backend'),
  parents: [textAt(facts, 'after'), ...textsAt(facts, 'parents')].filter((id) => id !== undefined),
  differences: textsAt(facts, 'differences'),
});

/** Width by height. */
export const toShape = ({ width, height }: Picture): number => (width && height ? width / height : 1);

export const toName = ({ path, id }: Picture): string => path?.split(/[\\/]/).at(-1) ?? id ?? 'Picture';

/** What stands for the picture where it is not seen: one line, since a name is heard as a whole and prompts can be pages long. */
export function toAlt(picture: Picture): string {
  const line = (picture.alt ?? picture.prompt ?? toName(picture)).replace(/\s+/g, ' ');
  return line.length > 200 ? `${line.slice(0, 199)}…` : line;
}

export const toSize = ({ width, height, format }: Picture): string => (width && height ? `${width} × ${height} ${format ?? ''}` : '');

/** Two digits that matter, never fewer than cents. */
export const formatDollars = (dollars: number): string => (dollars ? `$${dollars.toFixed(dollars < 0.1 ? 3 : 2)}` : '$0');

export const toMaker = ({ backend, model }: Picture): string | undefined => (backend === 'standin' ? 'stand-in drawing, not AI' : model);

/** What as many more are likely to cost. */
export function toPrice({ dollars, backend }: Picture, count: number): string {
  if (backend === 'standin') return 'Free: a stand-in drawing.';
  return dollars === undefined
    ? 'Paid; price unknown.'
    : `Paid: about ${formatDollars(dollars * count)}, as this one was ${formatDollars(dollars)}.`;
}
