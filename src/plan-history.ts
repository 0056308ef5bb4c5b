import { z } from 'zod';
import type { Picture } from './archive/identify.ts';
import { type Backend, nameBackend } from './backend.ts';
import type { Config } from './config.ts';
import { type CatalogModel, maxRequestLength, mostVertexPictureBytes } from './model/catalog.ts';
import { cleanText, formatBytes } from './text.ts';

/** The conversation an edit goes on with. */
export interface PlannedHistory {
  /** The picture it goes on from. */
  after: string;
  /** Turns of the model in it. */
  turns: number;
  /** Length of all of it as JSON. */
  length: number;
  /** Pictures in it. */
  pictures: number;
}

/** Room each further picture needs at least, as base64. */
const roomPerPicture = 1_000_000;

/** A conversation as the archive has it. */
type Kept = Extract<Picture['history'], object>;

/** What planning looks at of a wish. */
interface EditWish {
  tool: string;
  prompt: string;
}

/**
 * Whether an edit goes on with the conversation its picture came from. Where it cannot, the picture itself is edited, and `warnings` says why; a
 * picture limner did not make, or that was changed since, has none to go on with.
 */
export function planHistory(
  wish: EditWish,
  model: CatalogModel,
  pictures: readonly Picture[],
  config: Config,
  isRegion: boolean,
  warnings: string[],
): PlannedHistory | undefined {
  const [picture, ...others] = pictures;
  if (wish.tool !== 'edit_image' || picture?.record === undefined || picture.history === undefined) return undefined;
  const { record, history } = picture;
  // What is laid back into the picture has to come from this very picture, not from one it was cropped or cut out of.
  if (isRegion && record.original?.sha256 !== picture.sha256) return undefined;
  const refusal = findRefusal();
  if (refusal === undefined && typeof history === 'object') {
    const { length, pictures: included } = history;
    return { after: record.id, turns: history.turns.length / 2, length, pictures: included };
  }
  warnings.push(`${refusal} It is edited by itself, without what was said before.`);
  return undefined;

  function findRefusal(): string | undefined {
    if (record.finish.region)
      return `${record.id} was put together: one part of it is the model's, the rest is the picture it was made from.`;
    if (history === 'none') return `No conversation is kept with ${record.id}.`;
    if (history === 'several') return `${record.id} came with other pictures in one answer.`;
    if (record.backend !== config.backend)
      return `${record.id} was made by ${record.backend === 'vertex' ? '' : 'the '}${nameBackend(record.backend)}.`;
    if (history === 'incomplete') return `The conversation ${record.id} came from is no longer kept in full.`;
    if (record.model !== model.id) {
      return `${record.id} was made by ${cleanText(record.model, 80)}, whose conversation ${cleanText(model.id, 80)} cannot go on with.`;
    }
    if (config.backend === 'vertex' && typeof history === 'object' && history.turns.some(({ parts }) => parts.some(isTooLargeForVertex)))
      return `The conversation ${record.id} came from holds a picture larger than Vertex AI takes inside a request (${formatBytes(mostVertexPictureBytes)}).`;
    const needed = measureNeeded(typeof history === 'object' ? history : undefined, wish, others.length, config.backend);
    if (needed > maxRequestLength) return `The conversation ${record.id} came from is too long to be sent along (${formatBytes(needed)}).`;
    return undefined;
  }
}

const withPicture = z.object({ inlineData: z.object({ data: z.string() }) });

/** Characters of the picture in a part as it is kept: as base64. */
function measurePicture(part: unknown): number {
  return withPicture.safeParse(part).data?.inlineData.data.length ?? 0;
}

function isTooLargeForVertex(part: unknown): boolean {
  return measurePicture(part) * 0.75 > mostVertexPictureBytes;
}

/** What a request takes at least, in characters: the Gemini API takes pictures as files beside it, and then only the rest counts. */
function measureNeeded(history: Kept | undefined, { prompt }: EditWish, others: number, backend: Backend): number {
  const length = history?.length ?? 0;
  if (backend !== 'gemini') return length + prompt.length + others * roomPerPicture;
  const pictures = history?.turns.flatMap(({ parts }) => parts).reduce<number>((sum, part) => sum + measurePicture(part), 0) ?? 0;
  return length - pictures + prompt.length;
}
