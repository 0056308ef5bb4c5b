import type { ImageRecord } from '../archive/record.ts';
import { imagesUri } from '../resource-uris.ts';
import { cleanText, showPath } from '../text.ts';

/** What is told of a picture: enough to tell it apart and to go on with it. The size is that of the file, where there is one. */
export type PictureFacts = ReturnType<typeof toFacts>;

/** `promptLength`: the most that is told of the prompt, in characters. */
export function toFacts(record: ImageRecord, promptLength: number) {
  const pixels = record.delivered ?? record.made;
  return {
    id: record.id,
    when: record.at,
    tool: record.tool,
    backend: record.backend,
    model: cleanText(record.answeredBy ?? record.model, 100),
    prompt: cleanText(record.prompt, promptLength),
    dollars: record.dollars ?? null,
    path: record.delivered ? showPath(record.delivered.path) : null,
    width: pixels?.width ?? null,
    height: pixels?.height ?? null,
    format: pixels?.format ?? null,
    parents: record.parents,
    uri: toUri(record),
  };
}

export function toUri({ id }: Pick<ImageRecord, 'id'>): string {
  return `${imagesUri}/${id}`;
}
