import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Content, Part } from '@google/genai';
import { ToolError } from '../errors.ts';
import { maxRequestLength } from './catalog.ts';
import { type FilesApi, toUploadSource } from './files-api.ts';
import type { Uploads } from './image-model.ts';

/** A file that is not ready is asked for again after this long, and then twice as long, in milliseconds; pictures are ready at once. */
const pollMs = 250;

/** What was uploaded is deleted within this time after a call, in milliseconds; what is left Google deletes after 48 hours. */
const deletionMs = 5000;

/** The pictures of one call at Google's, each once. */
export function createUploads(files: FilesApi): Uploads {
  const known = new Map<string, Promise<{ name: string; uri: string }>>();
  const names = new Set<string>();

  async function upload(base64: string, mediaType: string, signal: AbortSignal): Promise<{ name: string; uri: string }> {
    const source = toUploadSource(Buffer.from(base64, 'base64'));
    let file = await files.upload(source, { mediaType, displayName: 'limner' }, signal);
    names.add(file.name);
    for (let waitMs = pollMs; file.state === 'PROCESSING'; waitMs *= 2) {
      await setTimeout(waitMs, undefined, { signal });
      file = await files.get(file.name, signal);
    }
    if (file.state === 'ACTIVE') return file;
    throw new ToolError(
      'upstream_fault',
      'Google could not take in a picture that was uploaded to it. Nothing was billed. Try again, or save it as another type.',
    );
  }

  return {
    async put(base64, mediaType, signal) {
      const key = createHash('sha256').update(base64).digest('hex');
      const under = known.get(key) ?? upload(base64, mediaType, signal);
      known.set(key, under);
      // The next request may have more luck.
      under.catch(() => known.delete(key));
      return (await under).uri;
    },
    async end() {
      // What is still on its way has its name by then, or never will.
      await Promise.allSettled(known.values());
      const signal = AbortSignal.timeout(deletionMs);
      await Promise.allSettled([...names].map((name) => files.delete(name, signal)));
      known.clear();
      names.clear();
    },
  };
}

/** The same request with so many of its largest pictures as files that the rest stays below the length every proxy takes; the very same where it does already. */
export async function moveToFiles(
  contents: readonly Content[],
  uploads: Uploads | undefined,
  signal: AbortSignal,
): Promise<readonly Content[]> {
  const parts = contents.flatMap(({ parts: all = [] }) => all);
  let length = parts.reduce((sum, part) => sum + measure(part), 0);
  const moved = new Set<Part>();
  for (const part of [...parts].sort((a, b) => sizeOf(b) - sizeOf(a))) {
    if (uploads === undefined || length <= maxRequestLength || sizeOf(part) === 0) break;
    moved.add(part);
    length -= sizeOf(part);
  }
  if (moved.size === 0) return contents;
  const toFile = async (part: Part): Promise<Part> => {
    const { inlineData, ...rest } = part;
    if (!moved.has(part) || uploads === undefined || inlineData?.data === undefined) return part;
    const mimeType = inlineData.mimeType ?? 'image/jpeg';
    return { ...rest, fileData: { mimeType, fileUri: await uploads.put(inlineData.data, mimeType, signal) } };
  };
  return Promise.all(contents.map(async (turn) => ({ ...turn, parts: await Promise.all((turn.parts ?? []).map(toFile)) })));
}

/** Characters of base64. */
function sizeOf({ inlineData }: Part): number {
  return typeof inlineData?.data === 'string' ? inlineData.data.length : 0;
}

/** About what a part takes of the JSON. */
function measure(part: Part): number {
  const { text = '', thoughtSignature = '' } = part;
  return sizeOf(part) + Buffer.byteLength(JSON.stringify(text)) + thoughtSignature.length + 200;
}
