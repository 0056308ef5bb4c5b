import type { Archive } from '../archive/archive.ts';
import type { ImageRecord } from '../archive/record.ts';
import { type PictureView, toView } from './facts.ts';

/** Generations that are followed back, later pictures that are looked through for descendants, and pictures that are told of. */
const [mostBefore, mostAfter, mostTold] = [100, 1000, 200];

/**
 * A picture and all that it shares a history with, oldest first: what it was made from, back to the first, and whatever else came of that. `after`: the picture each was
 * made from, null for the first.
 */
export async function readFamily(record: ImageRecord, archive: Archive): Promise<(PictureView & { after: string | null })[]> {
  const line = await followBack(record, archive);
  const [first = record] = line;
  const members = new Map(line.map((member) => [member.id, toView(member)]));
  for (const facts of await readLater(first, archive)) {
    if (members.size >= mostTold) break;
    // A picture is younger than what it was made from, so by now that is among them.
    if (facts.parents.some((parent) => members.has(parent))) members.set(facts.id, facts);
  }
  const told = [...members.values()].sort((a, b) => a.when.localeCompare(b.when));
  return told.map((facts) => ({ ...facts, after: facts.parents.find((parent) => members.has(parent)) ?? null }));
}

/** From the first picture of the line to this one. Of several that a picture was made from, the first that is known counts: the one an edit changes. */
async function followBack(record: ImageRecord, archive: Archive): Promise<ImageRecord[]> {
  const line = [record];
  for (let at: ImageRecord | undefined = record; at && line.length < mostBefore; ) {
    at = await findFirst(at.parents, archive);
    // A record that was tampered with may name what came of it.
    if (at === undefined || isIn(line, at)) break;
    line.unshift(at);
  }
  return line;
}

function isIn(line: readonly ImageRecord[], { id }: ImageRecord): boolean {
  return line.some((member) => member.id === id);
}

async function findFirst(ids: readonly string[], archive: Archive): Promise<ImageRecord | undefined> {
  for (const id of ids) {
    const record = await archive.find(id);
    if (record) return record;
  }
  return undefined;
}

/** What was made since, oldest first. */
async function readLater({ at }: ImageRecord, archive: Archive): Promise<PictureView[]> {
  const later: PictureView[] = [];
  let looked = 0;
  for await (const record of archive.newestOfAll()) {
    looked += 1;
    if (record.at < at || looked > mostAfter) break;
    if (record.shotOf === undefined && record.parents.length > 0) later.push(toView(record));
  }
  return later.reverse();
}
