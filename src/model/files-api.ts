import type { Readable } from 'node:stream';
import { z } from 'zod';
import { ToolError } from '../errors.ts';
import { askService, openService, persist, type Service } from './service.ts';
import { ServiceError, toGarbled } from './service-failure.ts';

/** Largest file Google takes, in bytes. It keeps one for 48 hours, free of charge, and 20 GB of them a project. */
const maxUploadBytes = 2_000_000_000;

/** What is uploaded: bytes, or a file that is read while it is sent. */
export interface UploadSource {
  byteLength: number;
  /** The bytes from there to the end, as they are; asked for again when a connection broke. */
  readFrom(offset: number): AsyncIterable<Uint8Array>;
}

/** A file at Google's. */
interface RemoteFile {
  /** `files/…`. */
  name: string;
  /** What requests refer to it by (`fileData.fileUri`). */
  uri: string;
  mediaType: string;
  /** `PROCESSING` until it can be used, then `ACTIVE`; `FAILED` never can. */
  state: string;
  /** ISO 8601. */
  expiresAt: string | undefined;
}

/** Google's Files API. Everything but `upload` may be asked any number of times, and is, where Google stumbles. */
export interface FilesApi {
  /**
   * Uploads by the resumable protocol and goes on where it broke off. Resolves when Google has all of it. Throws `unsupported` for more than 2 GB, else a `ServiceError`, also when all of it
   * has arrived and the answer got lost: the file is then there, and gone by itself after 48 hours.
   */
  upload(source: UploadSource, file: { mediaType: string; displayName: string }, signal: AbortSignal): Promise<RemoteFile>;
  get(name: string, signal: AbortSignal): Promise<RemoteFile>;
  /** One that is gone already is deleted. */
  delete(name: string, signal: AbortSignal): Promise<void>;
  /** The content while it arrives: only what a batch made can be downloaded. What breaks in the middle breaks the stream. */
  download(name: string, signal: AbortSignal): Promise<Readable>;
}

/** Bytes that are in memory already. */
export function toUploadSource(bytes: Uint8Array): UploadSource {
  return {
    byteLength: bytes.length,
    async *readFrom(offset) {
      yield bytes.subarray(offset);
    },
  };
}

export function createFilesApi(service: Service): FilesApi {
  return {
    upload: (source, file, signal) => upload(service, source, file, signal),
    get: (name, signal) =>
      persist(signal, async () => toFile(await askService(service, { path: `/v1beta/${toName(name)}`, thing: 'this file', signal }))),
    async delete(name, signal) {
      const request = { method: 'DELETE', path: `/v1beta/${toName(name)}`, thing: 'this file', signal } as const;
      await persist(signal, () => askService(service, request)).catch((error: unknown) => {
        if (!(error instanceof ServiceError) || error.failure.error.code !== 'not_found') throw error;
      });
    },
    download: (name, signal) =>
      persist(signal, async () => {
        const path = `/download/v1beta/${toName(name)}:download?alt=media`;
        return (await openService(service, { path, thing: 'this file', signal })).body;
      }),
  };
}

/** As it may stand in an address; Google's own names have nothing else in them. */
function toName(name: string): string {
  if (!/^files\/[a-z0-9-]{1,100}$/i.test(name)) throw new Error(`no name of a file: ${name}`);
  return name;
}

const remoteFile = z.object({
  name: z.string(),
  uri: z.string(),
  mimeType: z.string().default(''),
  state: z.string().default('ACTIVE'),
  expirationTime: z.string().optional(),
});

function toFile({ json }: { json: unknown }): RemoteFile {
  const parsed = z.union([z.object({ file: remoteFile }).transform(({ file }) => file), remoteFile]).safeParse(json);
  if (!parsed.success) throw toGarbled('this file');
  const { name, uri, mimeType, state, expirationTime } = parsed.data;
  return { name, uri, mediaType: mimeType, state, expiresAt: expirationTime };
}

const uploadPath = '/upload/v1beta/files';

async function upload(
  service: Service,
  source: UploadSource,
  { mediaType, displayName }: { mediaType: string; displayName: string },
  signal: AbortSignal,
): Promise<RemoteFile> {
  if (source.byteLength > maxUploadBytes) throw new ToolError('unsupported', 'Google takes files up to 2 GB; this one is larger.');
  const { headers } = await persist(signal, () =>
    askService(service, {
      path: uploadPath,
      headers: {
        'content-type': 'application/json',
        'x-goog-upload-protocol': 'resumable',
        'x-goog-upload-command': 'start',
        'x-goog-upload-header-content-length': String(source.byteLength),
        'x-goog-upload-header-content-type': mediaType,
      },
      body: JSON.stringify({ file: { displayName } }),
      thing: 'this upload',
      signal,
    }),
  );
  const path = toSessionPath(headers['x-goog-upload-url']);
  let isFirst = true;
  return persist(signal, async () => {
    const offset = isFirst ? 0 : await findOffset(service, path, signal);
    isFirst = false;
    const body = { byteLength: source.byteLength - offset, pieces: source.readFrom(offset) };
    const command = { 'x-goog-upload-command': 'upload, finalize', 'x-goog-upload-offset': String(offset) };
    return toFile(await askService(service, { path, headers: command, body, thing: 'this upload', signal }));
  });
}

/**
 * Where the upload goes on. Of the address Google names nothing is used but the query: key and content go to no other place than the settings name, and
 * behind a proxy that address would lead around it.
 */
function toSessionPath(address: unknown): string {
  if (typeof address !== 'string' || !URL.canParse(address)) throw toGarbled('this file');
  return `${uploadPath}${new URL(address).search}`;
}

/** How much Google has. Throws when it has all of it, or knows nothing of it: then there is nothing to go on with. */
async function findOffset(service: Service, path: string, signal: AbortSignal): Promise<number> {
  const command = { 'x-goog-upload-command': 'query' };
  const { headers } = await askService(service, { path, headers: command, body: '', thing: 'this upload', signal });
  const received = Number(headers['x-goog-upload-size-received']);
  if (headers['x-goog-upload-status'] !== 'active' || !Number.isSafeInteger(received)) throw toGarbled('this file');
  return received;
}
