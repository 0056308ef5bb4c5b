import { runJob } from '../decoder/decoder.ts';
import { DecoderError } from '../decoder/decoder-error.ts';
import { formats } from '../media.ts';
import { cleanText } from '../text.ts';
import { about, type Finding } from './finding.ts';

const { ok, problem } = about('sharp');

const reinstall = 'reinstall limner for this computer with its optional dependencies: npm install --include=optional';

/** Whether pictures can be worked on, in the process that does so for every call. */
export async function checkPictures(): Promise<Finding> {
  try {
    const { sharp, libvips, failed } = await runJob('tryFormats');
    const name = `sharp ${sharp} (libvips ${libvips})`;
    if (failed.length === 0) return ok(`${name}: reads and writes ${formats.join(', ')}`);
    return problem(`${name} fails at ${failed.map(({ format, why }) => `${format} (${cleanText(why, 80)})`).join(', ')}`, reinstall);
  } catch (error) {
    return toProblem(error);
  }
}

function toProblem(error: unknown): Finding {
  if (!(error instanceof DecoderError)) throw error;
  const { fate } = error;
  switch (fate.kind) {
    case 'missing':
      return problem(`sharp, which works on pictures, cannot be loaded (${firstLine(fate.reason)})`, reinstall);
    case 'unstarted':
      return problem(
        `the process that works on pictures cannot be started (${firstLine(fate.reason)})`,
        'close other programs, or raise the number of processes and open files this user may have',
      );
    case 'crashed':
      return problem(`the process that works on pictures ended in the middle of a small one (${fate.signal})`, reinstall);
    case 'slow':
    case 'greedy':
      return problem(
        'a small picture took the process that works on pictures too long, or too much memory',
        'close other programs and try again',
      );
  }
}

function firstLine(reason: string): string {
  return cleanText(reason.split('\n')[0] ?? '', 200);
}
