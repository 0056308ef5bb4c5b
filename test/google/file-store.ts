import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { denied, invalid, type Problem, toReply } from './errors.ts';
import type { Received } from './receive.ts';
import { jsonReply, type Reply } from './reply.ts';

/** A file at Google's, as it keeps them. */
export interface StoredFile {
  name: string;
  displayName: string;
  mimeType: string;
  bytes: Buffer;
  /** What a batch made can be downloaded, what was uploaded cannot. */
  source: 'UPLOADED' | 'GENERATED';
}

interface Upload extends Pick<StoredFile, 'displayName' | 'mimeType'> {
  length: number;
  received: Buffer[];
  final?: StoredFile;
}

/** Every file there is, and every upload that was begun. Outlives a restart of the server. */
export interface FileStore {
  files: Map<string, StoredFile>;
  uploads: Map<string, Upload>;
}

export function createFileStore(): FileStore {
  return { files: new Map(), uploads: new Map() };
}

/** Google takes no larger file. */
const maxFileBytes = 2 * 1024 ** 3;

export function storeFile(store: FileStore, file: Omit<StoredFile, 'name'>): StoredFile {
  const stored = { ...file, name: `files/${randomBytes(8).toString('hex').slice(0, 12)}` };
  store.files.set(stored.name, stored);
  return stored;
}

/** The Files API's answer; undefined for a path it does not have. `self` is the server's own address. */
export async function answerFiles(store: FileStore, incoming: IncomingMessage, url: URL, self: string): Promise<Reply | undefined> {
  const { method } = incoming;
  if (url.pathname === '/upload/v1beta/files') return method === 'POST' ? answerUpload(store, incoming, url, self) : undefined;
  const [, download, id, verb] = /^(\/download)?\/v1beta\/files\/([^/:]+)(:download)?$/.exec(url.pathname) ?? [];
  if (id === undefined || (download === undefined) !== (verb === undefined)) return undefined;
  if (method !== 'GET' && (method !== 'DELETE' || download)) return undefined;
  const file = store.files.get(`files/${id}`);
  if (file === undefined) return toReply(denied(`You do not have permission to access the File ${id} or it may not exist.`));
  if (method === 'DELETE') {
    store.files.delete(file.name);
    return jsonReply(200, {});
  }
  if (!download) return jsonReply(200, toListed(file, self));
  if (url.searchParams.get('alt') !== 'media') return toReply(invalid('Request contains an invalid argument.'));
  if (file.source !== 'GENERATED') return toReply(invalid('Only generated files can be downloaded.'));
  return { status: 200, headers: { 'content-type': 'application/octet-stream' }, body: file.bytes };
}

function toListed(file: StoredFile, self: string): Record<string, unknown> {
  const { name, displayName, mimeType, bytes, source } = file;
  return {
    name,
    displayName,
    mimeType,
    sizeBytes: String(bytes.length),
    createTime: '2026-11-20T10:00:00.000000Z',
    expirationTime: '2026-11-22T10:00:00.000000Z',
    uri: `${self}/v1beta/${name}`,
    state: 'ACTIVE',
    source,
  };
}

async function answerUpload(store: FileStore, incoming: IncomingMessage, url: URL, self: string): Promise<Reply> {
  const header = (name: string) => String(incoming.headers[`x-goog-upload-${name}`] ?? '');
  const id = url.searchParams.get('upload_id');
  if (id === null) return begin(store, header, await readAll(incoming), self);
  const upload = store.uploads.get(id);
  if (upload === undefined) return refuse(invalid('Upload not found.'), 'unknown');
  const commands = header('command')
    .split(',')
    .map((command) => command.trim());
  if (commands.includes('query')) return jsonReply(200, {}, toState(upload));
  if (!commands.includes('upload')) return refuse(invalid('Unknown upload command.'), 'active');
  if (upload.final) return refuse(invalid('Upload has already been finalized.'), 'final');
  const received = upload.received.reduce((sum, { length }) => sum + length, 0);
  if (header('offset') !== String(received)) return refuse(invalid(`Offset ${header('offset')} is not ${received}.`), 'active');
  // What arrived before a connection broke counts.
  await readAll(incoming, upload.received).catch(() => undefined);
  const whole = Buffer.concat(upload.received);
  if (whole.length > upload.length) return refuse(invalid('More bytes than announced.'), 'cancelled');
  if (!commands.includes('finalize')) return jsonReply(200, {}, toState(upload));
  if (whole.length < upload.length) return refuse(invalid(`${whole.length} of ${upload.length} bytes arrived.`), 'active');
  const { displayName, mimeType } = upload;
  upload.final = storeFile(store, { displayName, mimeType, bytes: whole, source: 'UPLOADED' });
  return jsonReply(200, { file: toListed(upload.final, self) }, { 'x-goog-upload-status': 'final' });
}

function begin(store: FileStore, header: (name: string) => string, body: Buffer, self: string): Reply {
  if (header('protocol') !== 'resumable' || header('command') !== 'start') return toReply(invalid('Invalid upload protocol.'));
  const [length, mimeType] = [header('header-content-length'), header('header-content-type')];
  if (!/^[1-9]\d*$/.test(length)) return toReply(invalid('* CreateFileRequest.file: content length must be positive.'));
  if (Number(length) > maxFileBytes) return toReply(invalid(`File size ${length} exceeds the limit of ${maxFileBytes} bytes.`));
  if (!/^[\w.+-]+\/[\w.+-]+$/.test(mimeType)) return toReply(invalid('Unsupported MIME type.'));
  const { file = {}, ...unknown } = JSON.parse(body.toString() || '{}');
  const { displayName = '', display_name = displayName, ...others } = file;
  const [strange] = Object.keys({ ...unknown, ...others });
  if (strange) return toReply(invalid(`Invalid JSON payload received. Unknown name "${strange}": Cannot find field.`));
  if (String(display_name).length > 512) return toReply(invalid('* CreateFileRequest.file.display_name: at most 512 characters.'));
  const id = randomBytes(12).toString('hex');
  store.uploads.set(id, { displayName: String(display_name), mimeType, length: Number(length), received: [] });
  const address = `${self}/upload/v1beta/files?upload_id=${id}&upload_protocol=resumable`;
  return jsonReply(
    200,
    {},
    { 'x-goog-upload-url': address, 'x-goog-upload-status': 'active', 'x-goog-upload-chunk-granularity': '8388608' },
  );
}

function toState({ received, final }: Upload): Record<string, string> {
  const size = received.reduce((sum, { length }) => sum + length, 0);
  return { 'x-goog-upload-status': final ? 'final' : 'active', 'x-goog-upload-size-received': String(size) };
}

function refuse(problem: Problem, status: string): Reply {
  const reply = toReply(problem);
  return { ...reply, headers: { ...reply.headers, 'x-goog-upload-status': status } };
}

async function readAll(incoming: IncomingMessage, into: Buffer[] = []): Promise<Buffer> {
  for await (const piece of incoming) into.push(piece);
  return Buffer.concat(into);
}

/**
 * Puts uploaded pictures where a request refers to them, among its pictures and its contents. Why it may not: the file is not there, or is of another type than the request says.
 */
export function takeFiles({ files }: FileStore, { request, body }: Received): Problem | undefined {
  const last = body.contents.findLast((turn) => turn.role !== 'model');
  const images: Received['request']['images'] = [];
  for (const turn of body.contents) {
    for (const part of turn.parts) {
      const name = /\/v1beta\/(files\/[^/]+)$/.exec(part.fileData?.fileUri ?? '')?.[1];
      const file = name === undefined ? undefined : files.get(name);
      if (name !== undefined && file === undefined)
        return denied(`You do not have permission to access the File ${name.slice(6)} or it may not exist.`);
      if (file && part.fileData?.mimeType !== file.mimeType) return invalid(`Mime type mismatch for ${file.name}: ${file.mimeType}.`);
      if (file) Object.assign(part, { inlineData: { mimeType: file.mimeType, data: file.bytes }, fileData: undefined });
      if (turn === last && part.inlineData) images.push({ mimeType: part.inlineData.mimeType, bytes: part.inlineData.data });
    }
  }
  request.images = images;
  return undefined;
}
