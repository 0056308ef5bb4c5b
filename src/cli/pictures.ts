import type { Archive } from '../archive/archive.ts';
import type { Ledger } from '../archive/ledger.ts';
import type { CallState } from '../archive/ledger-calls.ts';
import { type ImageRecord, imageIdPattern } from '../archive/record.ts';
import { isUnclaimed } from '../archive/unclaimed.ts';
import { exists } from '../files/read.ts';
import type { CliContext } from './context.ts';
import { type Account, type PaidRequest, readAccount } from './requests.ts';

/** A picture of the archive, as far as its record or else the ledger knows it. */
export interface KnownPicture {
  id: string;
  at: string;
  tool: string;
  backend: string;
  model: string;
  /** Null when its record cannot be read. */
  prompt: string | null;
  /** Null when none was given. */
  alt: string | null;
  parents: readonly string[];
  dollars: number | null;
  estimated: boolean;
  /** The first shot, when this is the second of two, made to be compared with it; null for all others. */
  shotOf: string | null;
  /** Where it was delivered; null when it never was. */
  delivered: string | null;
  /** Its call has ended and its caller never got an answer. */
  unclaimed: boolean;
  /** Its call has not ended. */
  running: boolean;
}

/** Where the files of a picture are now. */
export interface Whereabouts {
  /** The delivered file, when it is still there. */
  file: string | null;
  /** Where the delivered file was, when it is there no more. */
  goneFile: string | null;
  original: string | null;
}

/**
 * Every picture there is, and the ledger it was checked against. An original whose record is damaged, or was never written because its process ended
 * in that moment, is a picture too: it was paid for.
 */
export async function readPictures({
  archive,
  ledger,
}: Pick<CliContext, 'archive' | 'ledger'>): Promise<{ pictures: KnownPicture[]; account: Account }> {
  const [all, account] = await Promise.all([archive.all(), readAccount(ledger)]);
  // Ids become paths when a picture is forgotten, so only what is one may pass.
  const records = all.filter(({ id }) => imageIdPattern.test(id));
  const recorded = new Set(records.map(({ id }) => id));
  const strays = account.requests.flatMap((request) => {
    const ids = toIds(request).filter((id) => imageIdPattern.test(id) && !recorded.has(id));
    return ids.map(async (id) => {
      const original = await archive.findOriginal(id);
      return original === undefined ? [] : [fromRequest(id, original, request, account.calls.get(request.sent.call), ledger)];
    });
  });
  const pictures = [
    ...records.map((record) => fromRecord(record, account.calls.get(record.call), ledger)),
    ...(await Promise.all(strays)).flat(),
  ];
  return { pictures, account };
}

/** What a request brought, or the id it would have come under. */
function toIds({ images, sent, state }: PaidRequest): readonly string[] {
  return images.length > 0 || state !== 'maybe billed' ? images : [sent.image];
}

export async function locate({ id, delivered }: KnownPicture, archive: Archive): Promise<Whereabouts> {
  const [original = null, isThere] = await Promise.all([archive.findOriginal(id), delivered !== null && exists(delivered)]);
  return { file: isThere ? delivered : null, goneFile: isThere ? null : delivered, original };
}

function toStanding(call: CallState | undefined, ledger: Ledger): Pick<KnownPicture, 'unclaimed' | 'running'> {
  if (call === undefined) return { unclaimed: false, running: false };
  return { unclaimed: isUnclaimed(call, ledger), running: ledger.isRunning(call) };
}

function fromRecord(record: ImageRecord, call: CallState | undefined, ledger: Ledger): KnownPicture {
  const { id, at, tool, backend, model, answeredBy, prompt, alt = null, parents, dollars, estimated, delivered, original, shotOf } = record;
  return {
    ...{ id, at, tool, backend, model: answeredBy ?? model, prompt, alt, parents, estimated },
    dollars: dollars ?? null,
    shotOf: shotOf ?? null,
    // Where the output could not be written, the original stands in for it, and is the only copy.
    delivered: delivered === undefined || delivered.path === original?.path ? null : delivered.path,
    ...toStanding(call, ledger),
  };
}

/** What the ledger says of a picture; where nothing could be delivered, it names the original as the file. */
function fromRequest(id: string, original: string, request: PaidRequest, call: CallState | undefined, ledger: Ledger): KnownPicture {
  const { at, tool, backend, model, shotOf = null } = request.sent;
  const path = call?.files?.find((file) => file.id === id)?.path;
  return {
    ...{ id, at, tool, backend, model, prompt: null, alt: null, parents: [], estimated: false, shotOf },
    dollars: request.dollars === null ? null : request.dollars / Math.max(1, request.images.length),
    delivered: path === undefined || path === original ? null : path,
    ...toStanding(call, ledger),
  };
}
