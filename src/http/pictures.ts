import { basename, join, relative, sep } from 'node:path';
import { inspect } from '../decoder/pictures.ts';
import { type ErrorCode, ToolError } from '../errors.ts';
import { ensureWritable, publish } from '../files/publish.ts';
import { readPictureFile } from '../files/read.ts';
import { findTarget } from '../files/target.ts';
import { createRespond } from '../gallery/archive-pages.ts';
import { isFormat, sniff, toExtension, toMediaType } from '../media.ts';
import { toOutgoing } from '../outgoing.ts';
import { formatBytes, quote } from '../text.ts';
import { readBody } from './body.ts';
import { toRedactor } from './mcp.ts';
import type { Refusal } from './replies.ts';
import type { Tenant } from './tenants.ts';
import type { Visit } from './visit.ts';

/** Largest upload, in bytes. */
const maxUploadBytes = 20_000_000;

type Guest = Visit & { tenant: Tenant };

/** Nothing that is served here runs, is taken for something else, or stays with others. */
const headers = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; sandbox",
  'referrer-policy': 'no-referrer',
  'cache-control': 'private, max-age=300',
};

/** `GET /images/ID`, and `/file`, `/original` and `/preview` of it. */
export async function answerImage({ url, tenant, response, gone }: Guest): Promise<Refusal | undefined> {
  const [, id = '', view = 'file'] = /^\/images\/([^/]+)(?:\/(file|original|preview))?$/.exec(url.pathname) ?? [];
  const respond = createRespond({ config: tenant.deps.config, ...tenant.memory });
  const reply = await respond(`images/${id}/${view}`, 0, gone);
  if (reply === undefined) return { status: 404, why: 'There is no such picture in your archive, or its files are gone.' };
  response.writeHead(200, { ...headers, 'content-type': reply.mediaType, 'content-length': Buffer.byteLength(reply.body) }).end(reply.body);
  return undefined;
}

/** `GET /files/PATH`: a file of the space. */
export function answerFile({ url, tenant, response }: Guest): Promise<Refusal | undefined> {
  return explaining(tenant, async () => {
    const { bytes } = await readPictureFile(toPath(url), tenant.deps.config);
    const kind = sniff(bytes);
    const mediaType = isFormat(kind) ? toMediaType(kind) : 'application/octet-stream';
    response.writeHead(200, { ...headers, 'content-type': mediaType, 'content-length': bytes.length }).end(bytes);
    return undefined;
  });
}

/** `PUT /files/PATH`: a picture into the space, under a name nobody has there; answered with the path to use as an argument. */
export function takeUpload(visit: Guest): Promise<Refusal | undefined> {
  const { url, request, response, tenant } = visit;
  const { config } = tenant.deps;
  return explaining(tenant, async () => {
    const given = toPath(url);
    const { folder, stem, extension, format } = await findTarget(given, config);
    if (stem === undefined || extension === undefined || format === undefined)
      return { status: 400, why: 'Name a file that ends in .jpg, .png, .webp or .avif, such as PUT /files/fox.png.' };
    const bytes = await readBody(request, maxUploadBytes);
    if (bytes === undefined)
      return { status: 413, why: `An upload has at most ${formatBytes(maxUploadBytes)}. Make the picture smaller first.` };
    const { kind, width, height } = await inspect(bytes, basename(given));
    if (kind !== format)
      return {
        status: 415,
        why: `${quote(given, 200)} holds a picture of another kind, ${kind}. ${isFormat(kind) ? `Name it .${toExtension(kind)}` : 'Convert it first'}.`,
      };
    await ensureWritable(folder, bytes.length, config);
    const wanted = join(folder, `${stem}.${extension}`);
    const there = await readPictureFile(wanted, config).catch(() => undefined);
    const isSame = there !== undefined && Buffer.compare(there.bytes, bytes) === 0;
    const path = isSame ? wanted : await publish(wanted, bytes, 'refuse', { places: config });
    const answer = { path: relative(config.outputDir, path).replaceAll(sep, '/'), width, height, format, bytes: bytes.length };
    response.writeHead(isSame ? 200 : 201, { 'content-type': 'application/json' }).end(`${JSON.stringify(answer)}\n`);
    return undefined;
  });
}

/** The path of an address below `/files/`, as an argument would name it. */
function toPath({ pathname }: URL): string {
  try {
    return decodeURIComponent(pathname.slice('/files/'.length));
  } catch {
    throw new ToolError('invalid_argument', 'The path is not encoded as addresses are: write it in UTF-8, with % escapes.');
  }
}

const statuses: Partial<Record<ErrorCode, number>> = {
  invalid_argument: 400,
  unsupported: 415,
  not_found: 404,
  not_allowed: 403,
  unreadable_image: 415,
  file_exists: 409,
  cannot_write: 507,
};

/** What is wrong with a path or a picture, in the words a tool call would be answered with. */
async function explaining({ deps: { config } }: Tenant, work: () => Promise<Refusal | undefined>): Promise<Refusal | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    const why =
      error.code === 'file_exists' ? 'A file of this name is there already, and another one. Choose another name.' : error.message;
    return { status: statuses[error.code] ?? 500, why: toOutgoing(why, toRedactor(config)) };
  }
}
