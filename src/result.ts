import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/server';
import type { SavedImage } from './deliver.ts';
import { type ErrorCode, ToolError } from './errors.ts';
import { toMediaType } from './media.ts';
import { metaKey } from './meta-key.ts';
import type { Remote } from './remote.ts';
import { toFileUri } from './resource-uris.ts';
import { toFacts } from './result-facts.ts';
import { describeLinks, describeOutcome } from './result-words.ts';
import type { Outcome } from './run.ts';
import { cleanText, formatDollars } from './text.ts';

/** Longest serialised result, in characters; Claude Desktop refuses a result above 1,048,576 characters. */
const maxResultLength = 900_000;

/** Longest text of a result, in characters. */
export const maxTextLength = 20_000;

/** How a result is told. */
export interface Telling {
  /** What the settings have to be told of. */
  notices: readonly string[];
  /** The protocol of the caller knows links. */
  links: boolean;
  /** Set for a caller on another computer. */
  remote: Remote | undefined;
}

/**
 * A result as every host can use it: one text block with all facts, since text is the only thing every host passes on; previews for the model's eyes;
 * links for the person where the protocol knows them; the same facts as JSON in `_meta`. Never `structuredContent`, which makes some hosts drop the pictures.
 */
export function toCallToolResult(outcome: Outcome, { notices, links, remote }: Telling): CallToolResult {
  const text: ContentBlock = { type: 'text', text: `${cleanText(describe(outcome, notices, remote).join('\n'), maxTextLength)}\n` };
  const previews = outcome.previews.map(
    ({ bytes, mediaType }): ContentBlock => ({ type: 'image', data: Buffer.from(bytes).toString('base64'), mimeType: mediaType }),
  );
  const resources = links ? outcome.images.map((image) => toLink(image, remote)) : [];
  const result: CallToolResult = { content: [text, ...previews, ...resources], _meta: { [metaKey]: toFacts(outcome, remote) } };
  if (JSON.stringify(result).length <= maxResultLength) return result;
  return { ...result, content: [text, ...resources] };
}

/** Errors found before anything is sent. */
const freeCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'invalid_argument',
  'unsupported',
  'not_found',
  'not_allowed',
  'unreadable_image',
  'file_exists',
  'settings',
  'no_key',
  'cannot_write',
  'over_budget',
  'over_call_limit',
  'repeated',
]);

/** An error as text only: some hosts turn the whole of an error result into text, pictures included. `today` is told where something was sent. */
export function toErrorResult(error: unknown, notices: readonly string[], today?: Outcome['today']): CallToolResult {
  const known = toKnownError(error);
  const { code, retryAfterSeconds } = known;
  const lines = [...describeError(known, today), ...toNotes(notices)];
  return {
    isError: true,
    content: [{ type: 'text', text: `${cleanText(lines.join('\n'), maxTextLength)}\n` }],
    _meta: { [metaKey]: { error: { code, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) } } },
  };
}

/** What is wrong and what became of money; `today` is told where something was sent. */
export function describeError({ code, message }: ToolError, today?: Outcome['today']): string[] {
  return [
    message,
    ...(freeCodes.has(code) ? ['Nothing was generated and nothing was charged.'] : []),
    ...(today && !freeCodes.has(code) ? [`Billed or perhaps billed today: ${formatDollars(today.dollars)}.`] : []),
  ];
}

/** What is thrown on purpose as it is; anything else is a bug of ours, of which nothing is shown. */
function toKnownError(error: unknown): ToolError {
  if (error instanceof ToolError) return error;
  return new ToolError('internal', 'Internal error of limner; see the server log. Nothing more is known; trying again may help.');
}

function describe(outcome: Outcome, notices: readonly string[], remote: Remote | undefined): string[] {
  return [...describeOutcome(outcome), ...describeLinks(outcome, remote), ...toNotes(notices), describeNextStep(outcome, remote)];
}

function describeNextStep({ images, previews, failures }: Outcome, remote: Remote | undefined): string {
  const seen = previews.length === 0 ? '' : images.length > 2 ? 'The preview is a numbered sheet. ' : '';
  const again = failures.length > 0 ? `To make up for what failed, call again with count ${failures.length}. ` : '';
  return `${seen}${again}Next: ${toHandOver(remote)}; to change a picture, call edit_image with its path or id.`;
}

function toHandOver(remote: Remote | undefined): string {
  if (remote === undefined) return 'give the person the path';
  return remote.toLink
    ? 'give the person the link'
    : 'the file is in your space on the server; read it as a resource, or fetch it with your token';
}

/** What the settings have to be told of. */
export function toNotes(notices: readonly string[]): string[] {
  return notices.map((notice) => `Settings: ${notice}`);
}

function toLink({ file, id }: SavedImage, remote: Remote | undefined): ContentBlock {
  return {
    type: 'resource_link',
    uri: remote ? toFileUri(id) : pathToFileURL(file.path).href,
    name: basename(file.path),
    description: id,
    mimeType: toMediaType(file.format),
    size: file.bytes,
    annotations: { audience: ['user'] },
  };
}
