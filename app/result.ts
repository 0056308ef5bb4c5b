import { at, isObject, listAt, numberAt, textAt, textsAt } from './json.ts';
import { formatDollars, type Picture, readPicture, toId, toMaker } from './picture.ts';

/** What a tool's result has to show. */
export interface Shown {
  pictures: readonly Picture[];
  /** Address of one sheet with all of them, in order, where there are no single ones. */
  sheet: string | undefined;
  /** One line: by whom, for how much. */
  summary: string;
  /** What went otherwise than asked; or all that was said, where nothing better is known. */
  words: string;
}

/** Reads whatever a host hands on as a result: with limner's facts, or with the text and the pictures alone, since some hosts drop the rest. */
export function readResult(result: unknown, tool: string | undefined, args: unknown): Shown {
  const facts = at(result, '_meta', 'limner/result');
  const blocks = listAt(result, 'content');
  const text = blocks.map((block) => textAt(block, 'text') ?? '').join('\n');
  const images = blocks.flatMap(toAddress);
  const told = listAt(facts, 'images').map(readPicture);
  const named = told.length ? told : readText(text);
  const found = named.length ? named : images.map(readPicture);
  const paid = numberAt(facts, 'late', 'paidThen') ?? numberAt(facts, 'cost', 'dollars');
  const name = textAt(facts, 'tool') ?? tool;
  const parents = facts ? listAt(facts, 'parents') : [{ id: at(args, 'image') }];
  const pictures = found.map((picture, index) => ({
    ...picture,
    prompt: textAt(args, 'prompt'),
    model: textAt(facts, 'model'),
    backend: textAt(facts, 'backend'),
    dollars: paid === undefined ? undefined : paid / found.length,
    parents: parents.flatMap((parent) => toId(textAt(parent, 'id')) ?? []),
    call: name && isObject(args) ? { tool: name, args } : undefined,
    small: images.length === found.length ? images[index] : undefined,
  }));
  const notes = [...textsAt(facts, 'warnings'), ...listAt(facts, 'failures').map((failure) => textAt(failure, 'message') ?? '')].join('\n');
  return {
    pictures,
    sheet: found.length > images.length ? images[0] : undefined,
    summary: summarise(facts, pictures[0]),
    words: told.length ? notes : text || 'There is no picture to show.',
  };
}

/** A line of the text names a file as `/path/fox.webp (1408×768 webp, 96 kB, img_…)`, numbered where there are several. */
function readText(text: string): Picture[] {
  return [...text.matchAll(/^(?:\d+\. )?(.+) \((\d+)×(\d+) (\w+), [^,)]+, (img_\w+)\)$/gm)].map(([, path, width, height, format, id]) =>
    readPicture({ path, width: Number(width), height: Number(height), format, id }),
  );
}

/** The address of a picture in a message: its bytes. */
export function toAddress(content: unknown): string[] {
  const [type = '', data = ''] = [textAt(content, 'mimeType'), textAt(content, 'data') ?? textAt(content, 'blob')];
  return /^image\/(png|jpeg|webp|avif|gif)$/.test(type) && /^[\w+/]+={0,2}$/.test(data) ? [`data:${type};base64,${data}`] : [];
}

function summarise(facts: unknown, picture: Picture | undefined): string {
  const [dollars, today] = [numberAt(facts, 'cost', 'dollars'), numberAt(facts, 'cost', 'today')];
  const about = at(facts, 'cost', 'estimated') ? 'about ' : '';
  return [
    picture && toMaker(picture),
    dollars === undefined ? undefined : about + formatDollars(dollars),
    today === undefined ? undefined : `today ${formatDollars(today)} in all`,
  ]
    .filter((part) => part)
    .join(' · ');
}
