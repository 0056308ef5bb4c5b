import { z } from 'zod';
import { ToolError } from '../errors.ts';
import { fits, presets } from '../export/wish.ts';
import { formats } from '../media.ts';
import type { ExportRequest } from '../run-export.ts';
import { quote, toAltText } from '../text.ts';
import { defineTool } from '../tool.ts';
import { alt, edge, maxKb, output, overwrite, picture } from './fields.ts';

export const exportImage = defineTool({
  name: 'export_image',
  title: 'Export image',
  description:
    'Finish pictures on this computer, free and exact, no AI: resize, crop, convert, compress, remove a flat background; make favicons, app icons, responsive and @2x ' +
    'sets, sprite sheets. Returns every file with its size, markup to paste and one preview.',
  isFree: true,
  inputSchema: () =>
    z.object({
      images: z
        .array(picture('A picture'))
        .min(1)
        .max(100)
        .describe('The pictures, up to 100, each a path, an id (img_…) or "last"; a folder means the pictures in it.'),
      preset: z
        .enum(presets)
        .optional()
        .describe(
          'none (default): one file a picture; favicon; pwa; ios: the whole AppIcon set; android; og: social card; srcset: responsive set with <picture>; densities: @1x @2x @3x of width; ' +
            'sprite: one sheet with JSON; pixel-art: true pixel grid and few colours, keeps alpha.',
        ),
      output: output('Folder, or the file when one comes out. Default: beside the picture.'),
      overwrite: overwrite('Replace files that are there; default false.'),
      width: edge.describe('Exact width in pixels; alone it keeps the shape.'),
      height: edge.describe('Exact height in pixels.'),
      fit: z
        .enum(fits)
        .optional()
        .describe('With width and height: cover (default) crops, contain adds a border; one edge alone keeps the shape.'),
      format: z
        .enum(['auto', ...formats])
        .optional()
        .describe("File type; auto (default): output's extension, the preset's, else the picture's own."),
      max_kb: maxKb,
      alt: alt("Alt text for files and markup, up to 2,000 characters; default: the picture's own."),
      background: z.enum(['auto', 'transparent']).optional().describe('transparent: removes a flat background. Default auto.'),
      trim: z.boolean().optional().describe('Cut away empty or one-coloured margins first; default false.'),
      widths: z.string().max(200).optional().describe('For srcset: "480,960,1920".'),
    }),
  handler: async (input, call) => (await import('../run-export.ts')).runExport(toExportRequest(input), call),
});

/** The arguments `export_image` declares, as validated. */
interface ExportInput {
  images: readonly string[];
  preset?: ExportRequest['wish']['preset'] | undefined;
  output?: string | undefined;
  overwrite?: boolean | undefined;
  width?: number | undefined;
  height?: number | undefined;
  fit?: ExportRequest['wish']['fit'];
  format?: 'auto' | ExportRequest['wish']['format'];
  max_kb?: number | undefined;
  alt?: string | undefined;
  background?: 'auto' | 'transparent' | undefined;
  trim?: boolean | undefined;
  widths?: string | undefined;
}

/** What the arguments ask for. Throws `invalid_argument` for widths that are none. */
function toExportRequest({
  images,
  output,
  overwrite,
  preset = 'none',
  format,
  max_kb: maxKb,
  alt,
  background,
  widths,
  ...rest
}: ExportInput): ExportRequest {
  const wish = {
    ...rest,
    preset,
    format: format === 'auto' ? undefined : format,
    maxKb,
    alt: toAltText(alt),
    transparent: background === 'transparent',
    widths: widths === undefined ? undefined : toWidths(widths),
  };
  return { images, output, overwrite, wish };
}

function toWidths(text: string): number[] {
  const widths = text
    .split(/[\s,;]+/)
    .filter((part) => part !== '')
    .map((part) => Number(part.replace(/(px|w)$/i, '')));
  if (widths.length > 0 && widths.length <= 12 && widths.every((width) => Number.isInteger(width) && width >= 1 && width <= 16_383))
    return widths;
  throw new ToolError('invalid_argument', `widths is ${quote(text)}; it must be up to 12 whole numbers of pixels such as "480,960,1920".`);
}
