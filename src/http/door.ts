import type { IncomingHttpHeaders } from 'node:http';
import { localhostAllowedHostnames, validateHostHeader, validateOriginHeader } from '@modelcontextprotocol/server';
import type { LinkReader } from './links.ts';
import type { People, Person } from './people.ts';
import type { Refusal } from './replies.ts';
import { TokenTrouble } from './token-file.ts';

/** Names this server is called by: this computer's own, and what whoever runs it says. */
export function toHostnames(publicUrl: string | undefined): string[] {
  return [...localhostAllowedHostnames(), ...(publicUrl === undefined ? [] : [new URL(publicUrl).hostname])];
}

/** A page of elsewhere whose name leads here is refused, whatever it asks, as browsers say where they come from. Programs say nothing. */
export function refuseStrangers({ host, origin }: IncomingHttpHeaders, hostnames: string[]): Refusal | undefined {
  if (!validateHostHeader(host, hostnames).ok)
    return {
      status: 403,
      why: 'This server is not called by that name. Whoever runs it can say which names it has (limner serve --http --url).',
    };
  if (!validateOriginHeader(origin, hostnames).ok) return { status: 403, why: 'Pages of other origins are not answered.' };
  return undefined;
}

/** Whose request it is, or why it is nobody's. */
export interface Admission {
  person?: Person;
  token?: string;
  refusal?: Refusal;
}

/** A token in the header, or a link that is good. Whatever is wrong with either is told in the same words. */
export async function admit(
  { method, headers, url }: { method: string; headers: IncomingHttpHeaders; url: URL },
  people: People,
  readLink: LinkReader | undefined,
): Promise<Admission> {
  try {
    if (method === 'GET' && url.searchParams.has('sig')) {
      const name = readLink?.(url);
      const person = name === undefined ? undefined : await people.named(name);
      return person ? { person } : { refusal: { status: 403, why: 'This link is not good, or not any more. Ask for a new one.' } };
    }
    const [, token = ''] = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(headers.authorization ?? '') ?? [];
    const person = await people.find(token);
    return person ? { person, ...(token !== '' && { token }) } : { refusal: noToken };
  } catch (error) {
    if (!(error instanceof TokenTrouble)) throw error;
    return { refusal: { status: 503, why: 'Nobody is let in until whoever runs this server has mended its file of tokens.' } };
  }
}

const noToken: Refusal = {
  status: 401,
  why: 'This takes a token that is good here: Authorization: Bearer TOKEN. Whoever runs this server can make one for you.',
  headers: { 'www-authenticate': 'Bearer realm="limner"' },
};
