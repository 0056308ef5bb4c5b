import { ToolError } from '../errors.ts';
import { cutFromFlat } from '../image/cut-out.ts';
import { quote } from '../text.ts';

/** Cuts a picture out of its flat background. Throws `unsupported` where there is none. */
export async function removeFlatBackground(
  bytes: Uint8Array,
  name: string,
  xmp: string,
): Promise<{ bytes: Uint8Array; notes: readonly string[] }> {
  const cut = await cutFromFlat(bytes, xmp);
  if ('isCut' in cut) return { bytes, notes: [`${quote(name, 120)} had a transparent background already.`] };
  if ('failed' in cut) {
    throw new ToolError(
      'unsupported',
      `The background of ${quote(name, 120)} cannot be removed here: ${cut.failed}. edit_image with background transparent can do it (paid).`,
    );
  }
  const { coverage, warning } = cut.facts;
  const notes = [`Background of ${quote(name, 120)} removed: the subject covers ${Math.round(coverage * 100)} %.`];
  return { bytes: cut.bytes, notes: warning === undefined ? notes : [...notes, `Look at the edge before using it: ${warning}`] };
}
