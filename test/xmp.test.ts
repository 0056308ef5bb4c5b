import sharp from 'sharp';
import { expect, test } from 'vitest';
import { finish, readMade } from '../src/image/finish.ts';
import { isSourceType, readXmp, sourceTypes, toXmp } from '../src/image/xmp.ts';
import { formats } from '../src/media.ts';

const canvas = sharp({ create: { width: 30, height: 20, channels: 3, background: '#336699' } });

async function makePng(): Promise<NonNullable<Awaited<ReturnType<typeof readMade>>>> {
  const made = await readMade(await canvas.clone().png().toBuffer());
  if (made === undefined) throw new Error('a PNG was not read');
  return made;
}

async function xmpOf(bytes: Uint8Array) {
  return readXmp((await sharp(bytes).metadata()).xmp);
}

const alts = [
  'A red fox in snow',
  'Fish & chips, <b>"fresh"</b> & it\'s 5 > 4; &amp; stays &amp;',
  'Lapp\u00e9 \u{1F98A}\u{1F1E9}\u{1F1EA} \u6F22\u5B57 \u0627\u0644\u0639\u0631\u0628\u064A\u0629',
  ']]> <?xpacket end="w"?> </rdf:li></rdf:Alt>',
  'two\nlines',
];

test.for(formats.flatMap((format) => alts.map((alt) => ({ format, alt }))))(
  '$format carries where it comes from and what is seen: $alt',
  async ({ format, alt }) => {
    for (const sourceType of sourceTypes) {
      const { image } = await finish(await makePng(), { format, width: 15, xmp: toXmp({ sourceType, alt }) });
      expect(await xmpOf(image.bytes)).toEqual({ sourceType, alt });
    }
  },
);

test('a packet is XML whatever the words are', async () => {
  const alt = `\u0000\u0008\u001B[31m${'\uD800'}\uFFFE<&>"'${'\u{1F98A}'.repeat(3000)}`;
  const xmp = toXmp({ sourceType: 'algorithmicMedia', alt });
  expect(xmp).toContain('<rdf:li xml:lang="x-default">[31m&lt;&amp;&gt;&quot;\'\u{1F98A}');
  expect(xmp.match(/\u{1F98A}/gu)).toHaveLength(2000 - 9);
  expect(() => encodeURIComponent(xmp)).not.toThrow();
  expect(Buffer.byteLength(toXmp({ sourceType: 'algorithmicMedia', alt: '"'.repeat(9000) }))).toBeLessThan(30_000);
});

test('words may stand alone, and without anything there is no packet', () => {
  expect(readXmp(toXmp({ alt: 'A fox' }))).toEqual({ alt: 'A fox' });
  expect([toXmp({}), toXmp({ alt: ' ' })]).toEqual(['', '']);
});

test('without words there is only where it comes from', () => {
  for (const alt of [undefined, '', ' \u0007 ']) {
    const xmp = toXmp({ sourceType: 'trainedAlgorithmicMedia', alt });
    expect(xmp).not.toContain('AltTextAccessibility');
    expect(readXmp(xmp)).toEqual({ sourceType: 'trainedAlgorithmicMedia' });
  }
});

test("a re-encoded file keeps the picture's own packet, but not the turn that was made", async () => {
  const packet =
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" ' +
    'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="kept"/></rdf:RDF></x:xmpmeta>';
  const made = await readMade(await canvas.clone().withMetadata({ orientation: 6 }).withXmp(packet).jpeg().toBuffer());
  if (made === undefined) throw new Error('a JPEG was not read');
  expect([made.width, made.height]).toEqual([20, 30]);
  const { image } = await finish(made, { format: 'webp' });
  const { xmpAsString, orientation } = await sharp(image.bytes).metadata();
  expect(xmpAsString).toContain('dc:format="kept"');
  expect(xmpAsString).toContain('tiff:Orientation="1"');
  expect(orientation ?? 1).toBe(1);
});

test('a packet too long for a JPEG does not cost the picture', async () => {
  const { image } = await finish(await makePng(), {
    format: 'jpeg',
    xmp: `<x:xmpmeta xmlns:x="adobe:ns:meta/">${'a'.repeat(100_000)}</x:xmpmeta>`,
  });
  expect(await sharp(image.bytes).metadata()).toMatchObject({ format: 'jpeg', width: 30 });
});

const iptc = 'http://cv.iptc.org/newscodes/digitalsourcetype';

test.for([
  ['an attribute', `<a x:DigitalSourceType="${iptc}/digitalCapture"/>`, { sourceType: 'digitalCapture' }],
  ['an attribute in single quotes, spaced', `<a x:DigitalSourceType = '${iptc}/digitalCapture'/>`, { sourceType: 'digitalCapture' }],
  ['an element', `<x:DigitalSourceType>${iptc}/algorithmicMedia</x:DigitalSourceType>`, { sourceType: 'algorithmicMedia' }],
  ['a resource', `<x:DigitalSourceType rdf:resource="${iptc}/algorithmicMedia"/>`, { sourceType: 'algorithmicMedia' }],
  [
    'the default among languages',
    '<x:AltTextAccessibility>\n<rdf:Alt>\n<rdf:li xml:lang="de">Fuchs</rdf:li>\n<rdf:li xml:lang="x-default">Fox</rdf:li></rdf:Alt></x:AltTextAccessibility>',
    { alt: 'Fox' },
  ],
  [
    'the only language',
    '<x:AltTextAccessibility><rdf:Alt><rdf:li xml:lang="de">F&#252;chse &#x1F98A;</rdf:li></rdf:Alt></x:AltTextAccessibility>',
    { alt: 'F\u00fcchse \u{1F98A}' },
  ],
  ['bare words', '<x:AltTextAccessibility>Fox &amp;lt; hen</x:AltTextAccessibility>', { alt: 'Fox &lt; hen' }],
  [
    'both',
    `<a x:AltTextAccessibility="Fox" x:DigitalSourceType="${iptc}/algorithmicMedia"/>`,
    { sourceType: 'algorithmicMedia', alt: 'Fox' },
  ],
] as const)('%s is read', ([, packet, expected]) => {
  expect(readXmp(packet)).toEqual(expected);
  expect(readXmp(Buffer.from(packet))).toEqual(expected);
});

test.for([
  ['nothing', undefined],
  ['an empty packet', ''],
  ['no XML', 'PNG\u0000\uFFFF:DigitalSourceType'],
  ['an open attribute', '<a x:DigitalSourceType="http://cv.iptc.org'],
  ['an open element', '<x:AltTextAccessibility><rdf:Alt><rdf:li xml:lang="x-default">Fox'],
  ['an empty element', '<x:AltTextAccessibility/><x:DigitalSourceType/>'],
  ['no term', '<a x:DigitalSourceType="javascript:alert(1)"/>'],
  ['a term with markup', `<a x:DigitalSourceType="${iptc}/<script>"/>`],
  ['more than a packet holds', `${' '.repeat(1_000_001)}<a x:AltTextAccessibility="Fox"/>`],
  ['many beginnings', ':DigitalSourceType'.repeat(50_000)],
  ['many spaces', `<x:DigitalSourceType${' '.repeat(900_000)}`],
  ['many items', `<x:AltTextAccessibility>${'<rdf:li'.repeat(120_000)}`],
  ['many entities', `<x:AltTextAccessibility>${'&#'.repeat(400_000)}`],
] as const)('of %s nothing is read, at once', ([, packet]) => {
  const start = performance.now();
  expect(readXmp(packet)).toEqual({});
  expect(performance.now() - start).toBeLessThan(1000);
});

test('what is read is safe to show', () => {
  const { alt = '' } = readXmp(
    `<x:AltTextAccessibility>a&#0;b&#x1B;c&#xD800;d&#x110000;e&#9999999;${'f'.repeat(3000)}</x:AltTextAccessibility>`,
  );
  expect(alt.startsWith('abcdef')).toBe(true);
  expect(alt).toHaveLength(2000);
});

test('limner knows the terms it writes', () => {
  expect([...sourceTypes, 'digitalCapture', undefined].map(isSourceType)).toEqual([true, true, true, false, false]);
});
