import type { Picture } from './archive/identify.ts';
import { runJob } from './decoder/decoder.ts';
import { inspect, prepare } from './decoder/pictures.ts';
import type { KeptImage } from './deliver.ts';
import { maxRequestLength } from './model/catalog.ts';
import type { Conversation, Exchange, ImageModel, ImageRequest, RequestImage } from './model/image-model.ts';
import type { Plan } from './plan.ts';
import { secondGround, secondShotPrompt } from './plan-background.ts';
import { guideLabel } from './plan-region.ts';

/** What every variation of a call asks for. */
export type Request = Omit<ImageRequest, 'variation'>;

/** The pictures a call is made from. */
export interface Sources {
  pictures: readonly Picture[];
  /** Says which part of the first may change. */
  mask: Picture | undefined;
}

/** What preparing depends on. */
type Upstream = Pick<ImageModel, 'mostPictureBytes' | 'beginUploads'>;

/** The plan in the model's terms, its pictures ready to be sent. Throws `unreadable_image`. */
export async function toRequest(plan: Plan, { pictures, mask }: Sources, upstream: Upstream): Promise<Request> {
  const { model, prompt, aspectRatio, resolution, webSearch, background, region } = plan;
  const history = toConversation(plan, pictures);
  const images = await prepareImages(plan, pictures, history !== undefined, upstream);
  const guide = region && (await toGuide(plan, pictures, mask));
  const instructions = [background?.words, region?.words].filter((words) => words !== undefined).join('\n');
  return {
    model: model.id,
    prompt,
    ...(instructions !== '' && { instructions }),
    images,
    ...(guide && { guide }),
    ...(background && { ground: background.ground }),
    aspectRatio,
    resolution,
    webSearch,
    ...(history && { history }),
  };
}

function toConversation(plan: Plan, [picture]: readonly Picture[]): Conversation | undefined {
  if (plan.history === undefined || typeof picture?.history !== 'object') return undefined;
  return { turns: picture.history.turns, label: plan.inputs[0]?.label ?? '' };
}

/** The pictures as they may leave this computer; the one a conversation ends with need not be sent again. */
async function prepareImages(
  plan: Plan,
  pictures: readonly Picture[],
  inHistory: boolean,
  { mostPictureBytes, beginUploads }: Upstream,
): Promise<RequestImage[]> {
  // What is transparent has to be seen as something; on white it is found again.
  const ground = plan.background?.ground ?? (plan.region && '#ffffff');
  const wanted = plan.inputs
    .map(({ maxEdge, label }, index) => ({ maxEdge, label, ...(index === 0 && ground && { ground }), ...pick(pictures, index) }))
    .slice(inHistory ? 1 : 0);
  const isBeside = beginUploads !== undefined;
  const asBase64 = inHistory && !isBeside ? maxRequestLength - (plan.history?.length ?? 0) - plan.prompt.length : undefined;
  const prepared = await prepare(wanted, { asBase64, mostEach: mostPictureBytes, isBeside });
  return prepared.map(({ bytes, mediaType }, index) => ({ label: wanted[index]?.label ?? '', bytes, mediaType }));
}

function pick(pictures: readonly Picture[], index: number): Pick<Picture, 'name' | 'bytes' | 'facts'> {
  const picture = pictures[index];
  if (picture === undefined) throw new Error(`the plan names picture ${index + 1}, which was not read`);
  return { name: picture.name, bytes: picture.bytes, facts: picture.facts };
}

async function toGuide({ region }: Plan, pictures: readonly Picture[], mask: Picture | undefined): Promise<RequestImage> {
  const allowed = region?.box ? { box: region.box } : mask && { mask: mask.bytes };
  if (allowed === undefined) throw new Error('the plan names a region, which was not read');
  const { width, height } = pick(pictures, 0).facts;
  return { label: guideLabel, bytes: await runJob('makeGuide', allowed, { width, height }), mediaType: 'image/png' };
}

/** What asks for the same picture on black: it goes on from the answer that brought it on white, or where that cannot be sent back, from the picture alone. */
export async function toSecondRequest(
  first: Request,
  { record, bytes }: KeptImage,
  { sent, received }: Exchange,
  { mostPictureBytes = Number.POSITIVE_INFINITY }: Upstream,
): Promise<Request> {
  const { model, aspectRatio, resolution } = first;
  const request = { model, prompt: secondShotPrompt, ground: secondGround, aspectRatio, resolution, webSearch: false } as const;
  const turns = [sent, received];
  // As it was measured when it was kept; what could not be kept is not sent back.
  const length = record.turn?.length ?? maxRequestLength;
  const label = `Image 1 (${record.id})`;
  const isFit = length < maxRequestLength - secondShotPrompt.length && bytes.length <= mostPictureBytes;
  if (isFit) return { ...request, images: [], history: { turns, label } };
  const [image] = await prepare([{ name: record.id, bytes, facts: await inspect(bytes, record.id), maxEdge: 4096 }], {
    mostEach: mostPictureBytes,
  });
  return { ...request, images: image ? [{ label, ...image }] : [] };
}
