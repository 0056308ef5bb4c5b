import { basename, extname, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/server';
import type { WrittenFile } from './export-files.ts';
import { formatOfExtension } from './media.ts';
import type { Remote } from './remote.ts';
import { maxTextLength, type Telling, toNotes } from './result.ts';
import { describeLink } from './result-words.ts';
import type { ExportOutcome } from './run-export.ts';
import { cleanText, formatBytes, formatSize, quote, showPath } from './text.ts';

/** Key of the machine-readable copy of an export's result. */
const exportKey = 'limner/export';

/** Links to files beyond these would drown the rest. */
const mostLinks = 6;

/** What an export brought: every file with its size, the markup to paste, one preview, and the same facts as JSON in `_meta`. */
export function toExportResult(outcome: ExportOutcome, { notices, links, remote }: Telling): CallToolResult {
  const text = `${cleanText([...describeExport(outcome), ...describeLinks(outcome, remote), ...toNotes(notices)].join('\n'), maxTextLength)}\n`;
  const previews = outcome.previews.map(
    ({ bytes, mediaType }): ContentBlock => ({ type: 'image', data: Buffer.from(bytes).toString('base64'), mimeType: mediaType }),
  );
  const resources = links ? outcome.files.slice(0, mostLinks).flatMap((file) => toLink(file, remote)) : [];
  return { content: [{ type: 'text', text }, ...previews, ...resources], _meta: { [exportKey]: toFacts(outcome) } };
}

/** The same lines for an agent and for a terminal. */
export function describeExport(outcome: ExportOutcome): string[] {
  const { files, folder, notes, warnings, markup } = outcome;
  const [only] = files;
  const list =
    files.length === 1 && only
      ? [describeFile(only, showPath(only.path))]
      : [
          `${showPath(folder)}, ${files.length} files:`,
          ...files.map((file, index) => `${index + 1}. ${describeFile(file, showPath(relative(folder, file.path)))}`),
        ];
  return [
    ...list,
    ...describeDifferences(files),
    ...notes,
    ...describeReplaced(files),
    ...warnings.map((warning) => `Note: ${warning}`),
    ...describeAlt(outcome),
    'Made on this computer, cost $0.',
    ...markup.flatMap(({ language, text }) => [`Paste this (${language}):`, text]),
  ];
}

function describeFile({ width, height, bytes }: WrittenFile, name: string): string {
  const size = width === undefined || height === undefined ? '' : `${formatSize({ width, height })}, `;
  return `${name} (${size}${formatBytes(bytes)})`;
}

/** Said once when it is true of every file, else per file. */
function describeDifferences(files: readonly WrittenFile[]): string[] {
  const shared = (files[0]?.notes ?? []).filter((note) => files.every(({ notes }) => notes.includes(note)));
  const own = files.flatMap(({ name, notes }) =>
    notes.filter((note) => !shared.includes(note)).map((note) => (files.length === 1 ? note : `${showPath(name)}: ${note}`)),
  );
  return [...shared, ...own];
}

/** For the agent's own markup; where there is some to paste it is in that. */
function describeAlt({ files, markup }: ExportOutcome): string[] {
  const alts = markup.some(({ language }) => language === 'html') ? [] : [...new Set(files.flatMap(({ alt }) => alt ?? []))];
  return alts.length === 0
    ? []
    : [
        `Alt text: ${alts
          .slice(0, 5)
          .map((alt) => quote(alt, 300))
          .join('; ')}`,
      ];
}

function describeReplaced(files: readonly WrittenFile[]): string[] {
  const kept = files.flatMap(({ replaced }) => (replaced === undefined ? [] : [replaced]));
  return kept.length === 0
    ? []
    : [`What was replaced is kept: ${kept.slice(0, 5).map(showPath).join(', ')}${kept.length > 5 ? ` and ${kept.length - 5} more` : ''}.`];
}

/** What was exported is no resource: a caller on another computer fetches it by its path in the space. */
function describeLinks({ files }: ExportOutcome, remote: Remote | undefined): string[] {
  const { toLink } = remote ?? {};
  if (remote === undefined) return [];
  if (toLink === undefined) return ['The files are in your space on the server; fetch them by their paths with your token.'];
  const links = files.slice(0, mostLinks).map(({ path }) => `Download ${describeLink(toLink({ file: path }))}`);
  return [...links, ...(files.length > mostLinks ? ['Fetch the others by their paths with your token.'] : [])];
}

function toLink({ path, mediaType, bytes }: WrittenFile, remote: Remote | undefined): ContentBlock[] {
  const uri = remote ? remote.toLink?.({ file: path }).url : pathToFileURL(path).href;
  if (uri === undefined) return [];
  return [{ type: 'resource_link', uri, name: basename(path), mimeType: mediaType, size: bytes, annotations: { audience: ['user'] } }];
}

/** The outcome as JSON, without the previews. */
export function toFacts({ files, folder, sources, markup, notes, warnings }: ExportOutcome) {
  return {
    folder: showPath(folder),
    files: files.map(({ path, bytes, width, height, mediaType, alt, notes: differences, replaced }) => ({
      path: showPath(path),
      bytes,
      width: width ?? null,
      height: height ?? null,
      format: formatOfExtension(extname(path).slice(1)) ?? null,
      mediaType,
      alt: alt ?? null,
      differences,
      replaced: replaced === undefined ? null : showPath(replaced),
    })),
    sources: sources.map(({ path, ...source }) => ({ ...source, path: showPath(path) })),
    markup,
    notes,
    warnings,
    cost: { dollars: 0 },
  };
}
