import type { ImageRecord } from '../archive/record.ts';
import { imagesUri } from '../resource-uris.ts';
import { cleanText, showPath } from '../text.ts';

/** Enough to tell a picture apart and to go on with it. The size is that of the file, where there is one. `promptLength`: the most that is told of the prompt, in characters. */
export function toFacts(record: ImageRecord, promptLength: number) {
  const pixels = record.delivered ?? record.made;
  return {
    id: record.id,
    when: record.at,
    tool: record.tool,
    backend: record.backend,
    model: cleanText(record.answeredBy ?? record.model, 100),
    prompt: cleanText(record.prompt, promptLength),
    alt: record.alt ?? null,
    dollars: record.dollars ?? null,
    path: record.delivered ? showPath(record.delivered.path) : null,
    width: pixels?.width ?? null,
    height: pixels?.height ?? null,
    format: pixels?.format ?? null,
    parents: record.parents,
    uri: toUri(record),
  };
}

/** All that a person who looks at the picture wants to know. */
export type PictureView = ReturnType<typeof toView>;

const longestPrompt = 2000;

export function toView(record: ImageRecord) {
  return { ...toFacts(record, longestPrompt), differences: record.differences };
}

export function toUri({ id }: Pick<ImageRecord, 'id'>): string {
  return `${imagesUri}/${id}`;
}
