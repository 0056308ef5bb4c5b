/** Where a picture's pixels come from, by IPTC: made by a trained model, composed with what a trained model made, drawn by a plain program. */
export const sourceTypes = ['trainedAlgorithmicMedia', 'compositeWithTrainedAlgorithmicMedia', 'algorithmicMedia'] as const;
export type SourceType = (typeof sourceTypes)[number];

/** What limner writes into the files it makes, and looks for in those it is given. */
export interface Provenance {
  /** The last part of the IPTC term's address; of others' files any term, such as `digitalCapture`. */
  sourceType?: string;
  /** The picture in words, for those who do not see it. */
  alt?: string;
}

/** https://cv.iptc.org/newscodes/digitalsourcetype/ */
const vocabulary = 'http://cv.iptc.org/newscodes/digitalsourcetype/';

/** Largest packet that is read. A JPEG holds 64 kB; more is no description of a picture. */
const maxPacket = 1_000_000;

/**
 * An XMP packet with IPTC's digital source type and alternative text, as far as they are given (IPTC Photo Metadata Standard 2021.1, "Alt Text (Accessibility)").
 * `alt` is cut after 2,000 characters, so that the packet fits into every format. Empty without either.
 */
export function toXmp({ sourceType, alt }: { sourceType?: SourceType | undefined; alt?: string | undefined }): string {
  const words = alt === undefined ? '' : escapeXml(alt);
  if (sourceType === undefined && words === '') return '';
  return [
    '<?xpacket begin="\uFEFF" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">',
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""',
    ' xmlns:Iptc4xmpCore="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"',
    sourceType === undefined ? '>' : ` Iptc4xmpExt:DigitalSourceType="${vocabulary}${sourceType}">`,
    words &&
      `<Iptc4xmpCore:AltTextAccessibility><rdf:Alt><rdf:li xml:lang="x-default">${words}</rdf:li></rdf:Alt></Iptc4xmpCore:AltTextAccessibility>`,
    '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>',
  ].join('');
}

/**
 * What a packet says of the two, written by whomever: as attribute or as element, in a list of languages or bare. What cannot be read is absent; nothing
 * throws. Reads by position, not by pattern, so that its time grows with the packet and no faster.
 */
export function readXmp(xmp: string | Uint8Array | undefined): Provenance {
  if (xmp === undefined || xmp.length > maxPacket) return {};
  const packet = typeof xmp === 'string' ? xmp : new TextDecoder().decode(xmp);
  const term = readProperty(packet, 'DigitalSourceType')?.split('/').at(-1);
  const alt = readProperty(packet, 'AltTextAccessibility');
  return { ...(term && /^[A-Za-z]{1,64}$/.test(term) && { sourceType: term }), ...(alt && { alt: tidy(alt) }) };
}

/** True for a term that limner writes itself. */
export function isSourceType(term: string | undefined): term is SourceType {
  return sourceTypes.some((known) => known === term);
}

/** The text of the first property of this name, whatever prefix its namespace has; undefined when there is none or it is empty. */
function readProperty(packet: string, name: string): string | undefined {
  const start = packet.indexOf(`:${name}`);
  if (start < 0) return undefined;
  const after = start + name.length + 1;
  const rest = packet.slice(after, after + 20_000);
  if (/^\s{0,20}=/.test(rest)) return readQuoted(rest.slice(rest.indexOf('=') + 1));
  const close = rest.indexOf('>');
  if (close < 0) return undefined;
  const tag = rest.slice(0, close);
  const resource = tag.indexOf('rdf:resource=');
  if (resource >= 0) return readQuoted(tag.slice(resource + 'rdf:resource='.length));
  if (tag.endsWith('/')) return undefined;
  const end = rest.indexOf(`:${name}>`, close);
  return end < 0 ? undefined : readElement(rest.slice(close + 1, end));
}

/** The text of an element's content: of its default language, else of its first item, else its own. */
function readElement(content: string): string | undefined {
  const items = content.split('<rdf:li').slice(1);
  const item = items.find((candidate) => candidate.slice(0, candidate.indexOf('>')).includes('x-default')) ?? items[0];
  const text = item === undefined ? content : item.slice(item.indexOf('>') + 1);
  const end = text.indexOf('<');
  return unescapeXml(end < 0 ? text : text.slice(0, end)) || undefined;
}

function readQuoted(text: string): string | undefined {
  const value = text.trimStart();
  const mark = value[0];
  if (mark !== '"' && mark !== "'") return undefined;
  const end = value.indexOf(mark, 1);
  return end < 0 ? undefined : unescapeXml(value.slice(1, end)) || undefined;
}

/** Without what hides, and what XML 1.0 cannot hold: controls, lone surrogates, the two noncharacters; cut between characters. */
function tidy(text: string): string {
  return [...text.replace(/(?![\t\n\r])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}]|[\uFFFE\uFFFF]/gu, '')].slice(0, 2000).join('').trim();
}

function escapeXml(text: string): string {
  return tidy(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(
    /&(?:(amp|lt|gt|quot|apos)|#(\d{1,7})|#x([\da-fA-F]{1,6}));/g,
    (whole, named: string, decimal: string, hex: string) => {
      if (named) return entities[named] ?? whole;
      const code = decimal ? Number(decimal) : Number.parseInt(hex, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : '';
    },
  );
}
