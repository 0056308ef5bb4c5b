import type { Config } from './config.ts';
import { runJob } from './decoder/decoder.ts';
import { DecoderError } from './decoder/decoder-error.ts';
import type { WrittenFile } from './decoder/jobs.ts';
import type { KeptImage, SavedImage } from './deliver.ts';
import type { Draft } from './files/draft.ts';
import type { Preview } from './image/preview.ts';
import { sniff } from './media.ts';
import { isDeliveredAsItCame, type Plan } from './plan.ts';

/** Who a preview is for. */
interface Viewer {
  config: Config;
  /** Nobody looks any more. */
  cancelled: AbortSignal;
}

/** Whether anything will be done with pixels, and not only with bytes. */
export function needsDecoder(plan: Plan, { config }: Pick<Viewer, 'config'>): boolean {
  return config.preview !== 'none' || !isDeliveredAsItCame(plan);
}

/** More pictures are shown as one sheet. */
const mostSingle = 2;

/**
 * Of a picture that will be delivered as it came: made while its draft in the archive is synced and named, from there, since handing it over would take longer. Resolves with null
 * when the draft was named before it was read; undefined when nothing can begin yet.
 */
export function startPreview(bytes: Uint8Array, draft: Draft | undefined, plan: Plan, viewer: Viewer): Promise<Preview | null> | undefined {
  const edge = toEdge(viewer);
  if (edge === undefined || draft === undefined || plan.variations > mostSingle || !isDeliveredAsItCame(plan, sniff(bytes)))
    return undefined;
  return unheard(
    draft.written().then(
      (path) => runJob('previewFile', { path }, edge),
      // What could not be written is written anew, and shown from there.
      () => null,
    ),
  );
}

/** Previews under way, by the sha256 of what they show. */
type EarlyPreviews = ReadonlyMap<string, Promise<Preview>>;

/** Of all pictures that will be delivered as they came: made from the originals, while the files are written. */
export function startPreviews(kept: readonly KeptImage[], plan: Plan, viewer: Viewer): EarlyPreviews {
  const edge = toEdge(viewer);
  if (edge === undefined || kept.length > mostSingle) return new Map();
  return new Map(
    kept.flatMap(({ bytes, preview, record: { original } }) =>
      original && isDeliveredAsItCame(plan, sniff(bytes))
        ? [[original.sha256, unheard(begun(preview).then((early) => early ?? showFile({ path: original.path }, edge)))] as const]
        : [],
    ),
  );
}

/** One or two previews, or one numbered sheet. A preview that fails costs nobody their picture. */
export async function makePreviews(
  saved: readonly SavedImage[],
  early: EarlyPreviews,
  viewer: Viewer,
  warnings: string[],
): Promise<Preview[]> {
  const edge = toEdge(viewer);
  if (edge === undefined) return [];
  try {
    const files = saved.map(({ file: { path, sha256 } }) => ({ path, sha256 }));
    if (files.length > mostSingle) return [await runJob('previewFiles', files, edge)];
    return await Promise.all(files.map((file) => early.get(file.sha256) ?? showFile(file, edge)));
  } catch (error) {
    const why = error instanceof DecoderError ? `. ${error.message} T` : '; t';
    warnings.push(`The preview could not be made${why}he file itself is as the model sent it, perhaps damaged: open it to check.`);
    return [];
  }
}

async function begun(preview: Promise<Preview | null> | undefined): Promise<Preview | null> {
  return (await preview) ?? null;
}

async function showFile(file: WrittenFile, edge: number): Promise<Preview> {
  const preview = await runJob('previewFile', file, edge);
  if (preview === null) throw new Error('the file is no longer there');
  return preview;
}

/** The longest edge of a preview; undefined when nobody will see one. */
function toEdge({ config: { preview }, cancelled }: Viewer): number | undefined {
  return preview === 'none' || cancelled.aborted ? undefined : preview;
}

/** Whoever waits for it hears of what goes wrong. */
function unheard<T>(work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  return work;
}
