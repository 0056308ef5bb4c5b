import { z } from 'zod';
import type { Config } from '../config.ts';
import { type ErrorCode, ToolError } from '../errors.ts';
import { type CatalogModel, models } from './catalog.ts';
import { type Exchange, findReason, isUnsent, toFailure } from './failures.ts';
import { ask, type Door, googleUrl, toDoor } from './fetch.ts';
import { parseGoogleError } from './google-errors.ts';

/** The whole list has to be there by then, in milliseconds. */
export const longestMs = 10_000;

/** Google's list is one page of this size; a list of more pages than `mostPages` never ends. */
const pageSize = 1000;
const mostPages = 10;

/** Which models a key may be used with. */
export interface Offer {
  /** Of limner's catalogue, in its order. */
  offered: readonly CatalogModel[];
  /** Of limner's catalogue: switched off, or kept from this key. */
  missing: readonly CatalogModel[];
  /** For any id, also one the catalogue does not know. */
  offers(id: string): boolean;
  /** How long that took to find out. */
  milliseconds: number;
  /** Google's clock when it answered, and ours: milliseconds since 1970. Undefined where the answer bears no date. */
  clock: { theirs: number; ours: number } | undefined;
}

/** Why it could not be found out. */
export interface Unknown {
  /** In the words and codes of paid calls: `key_rejected`, `permission`, `region`, `billing`, `quota`, `overloaded`, `timeout`, `unreachable`, `upstream_fault`, `bad_answer`. */
  error: ToolError;
  /** What the system calls it, such as `ENOTFOUND` or `SELF_SIGNED_CERT_IN_CHAIN`, where it never came to an answer. */
  reason: string | undefined;
}

/**
 * Asks Google which models the key may be used with: a free call, over the same wire as paid ones, with the key in a header. It proves the key and the way to Google; whether
 * billing is turned on shows with the first picture only. Never rejects; ends within ten seconds.
 */
export async function findAvailability({
  apiKey,
  baseUrl = googleUrl,
  redactor,
  proxy,
}: Pick<Config, 'baseUrl' | 'redactor' | 'proxy'> & { apiKey: NonNullable<Config['apiKey']> }): Promise<Offer | Unknown> {
  const late = AbortSignal.timeout(longestMs);
  const started = performance.now();
  const ids = new Set<string>();
  let exchange = begin();
  try {
    let page: Page = { ids: [], next: '', date: undefined };
    for (let count = 0; count < mostPages && page.next !== undefined; count += 1) {
      exchange = begin();
      page = await readPage(exchange, toDoor(apiKey, baseUrl, proxy), toAddress(baseUrl, page.next), late);
      for (const id of page.ids) ids.add(id);
    }
    return toOffer(models, ids, page.date, performance.now() - started);
  } catch (thrown) {
    const failed = { ...exchange, thrown, body: redactor.redact(exchange.body ?? '') };
    return { error: late.aborted ? tooLate() : toError(failed), reason: exchange.status === undefined ? findReason(thrown) : undefined };
  }
}

function begin(): Exchange {
  return { model: '', thrown: undefined };
}

/** Of the models of a catalogue, those with these ids. */
export function toOffer(models: readonly CatalogModel[], ids: ReadonlySet<string>, date: string | undefined, milliseconds: number): Offer {
  const theirs = Date.parse(date ?? '');
  return {
    offered: models.filter(({ id }) => ids.has(id)),
    missing: models.filter(({ id }) => !ids.has(id)),
    offers: (id) => ids.has(id),
    milliseconds,
    clock: Number.isNaN(theirs) ? undefined : { theirs, ours: Date.now() },
  };
}

const modelList = z.object({
  models: z.array(z.object({ name: z.string(), supportedGenerationMethods: z.array(z.string()).optional() })),
  nextPageToken: z.string().optional(),
});

interface Page {
  /** Of what makes pictures or words. */
  ids: readonly string[];
  /** What names the next page; undefined after the last. */
  next: string | undefined;
  date: string | undefined;
}

function toAddress(baseUrl: string, page: string): URL {
  const query = new URLSearchParams({ pageSize: String(pageSize), ...(page !== '' && { pageToken: page }) });
  return new URL(`${baseUrl}/v1beta/models?${query}`);
}

/** Throws for anything that is not a page of Google's list; `exchange` then says what came. */
async function readPage(exchange: Exchange, door: Door, address: URL, signal: AbortSignal): Promise<Page> {
  const date = await ask(exchange, door, address, signal);
  if (exchange.status !== 200 || exchange.tooLarge) throw new Error('no list');
  const list = modelList.parse(JSON.parse(exchange.body ?? ''));
  const usable = list.models.filter(({ supportedGenerationMethods: methods }) => methods?.includes('generateContent') !== false);
  return { ids: usable.map(({ name }) => name.replace(/^models\//, '')), next: list.nextPageToken || undefined, date };
}

export function tooLate(address = 'GOOGLE_GEMINI_BASE_URL'): ToolError {
  const seconds = longestMs / 1000;
  return new ToolError(
    'timeout',
    `Google did not answer within ${seconds} s. Nothing was billed. Check the network, the proxy and ${address}, then try again.`,
  );
}

/** What is said of a picture's request fits a list as well, but where it speaks of money, of pictures or of one model. */
function toError(exchange: Exchange): ToolError {
  const { status = 0, body, thrown } = exchange;
  const say = (code: ErrorCode, message: string) => new ToolError(code, message);
  // What broke under an answer, as against an answer that is none.
  const isBroken = status === 0 ? !isUnsent(thrown) : status < 300 && findReason(thrown) !== undefined;
  if (isBroken) return say('unreachable', 'The connection to Google broke before all of its answer came. Nothing was billed. Try again.');
  if (status >= 500) return say('overloaded', `Google's API is overloaded or down (${status}). Nothing was billed. Try again in a minute.`);
  const isGoogle = parseGoogleError(body).status !== '';
  if (status !== 0 && (status < 300 || (status >= 400 && !isGoogle))) return say('bad_answer', toStranger(status));
  if (status === 404) {
    return say('upstream_fault', 'The API has no list of models at this address (404). Check GOOGLE_GEMINI_BASE_URL, its path included.');
  }
  const { error } = toFailure(exchange);
  return error.code === 'upstream_fault' && status === 400
    ? say('upstream_fault', 'Google refused to list its models (400). Check GOOGLE_GEMINI_BASE_URL.')
    : error;
}

/** What is said of an answer that is not Google's. */
export function toStranger(status: number, address = 'GOOGLE_GEMINI_BASE_URL'): string {
  return `What answered (HTTP ${status}) is not Google's API: a proxy, a firewall or the sign-in page of a network stands in between, or ${address} leads elsewhere.`;
}
