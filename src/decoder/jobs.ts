import { createHash } from 'node:crypto';
import type { ErrorCode } from '../errors.ts';
import { exportOne, exportSheet } from '../export/make.ts';
import type { ExportSource, ExportWish } from '../export/wish.ts';
import { readBytes } from '../files/read.ts';
import { cutFromKey, cutFromTwo, lookAtBackground } from '../image/cut-out.ts';
import { type FinishWish, finish, type Picture, readMade } from '../image/finish.ts';
import { makeGuide } from '../image/guide.ts';
import { hasTransparency, inspect } from '../image/inspect.ts';
import { layIn, measureMask } from '../image/lay-in.ts';
import { prepareOne } from '../image/prepare.ts';
import { makeContactSheet, makePreview, type Preview } from '../image/preview.ts';
import { tryFormats } from '../image/try-formats.ts';
import type { Image, Size } from '../media.ts';
import type { Limit } from './limits.ts';

/** All that is done with pictures, by name. It runs in the child process; the server knows these functions by their types only. */
export const jobs = {
  inspect,
  hasTransparency,
  prepareOne,
  measureMask,
  makeGuide,
  readSize,
  lookAtBackground,
  cutFromKey,
  cutFromTwo,
  layIn,
  finish: finishOrKeep,
  makePreview,
  makeContactSheet,
  previewFile,
  previewFiles: async (files: readonly WrittenFile[], edge: number) => makeContactSheet(await Promise.all(files.map(requireWritten)), edge),
  tryFormats,
  exportOne: (source: ExportSource, wish: ExportWish, isOnly: boolean) => exportOne(source, wish, isOnly),
  exportSheet: (sources: readonly ExportSource[], wish: ExportWish) => exportSheet(sources, wish),
};

export type JobName = keyof typeof jobs;
export type Inputs = { [Name in JobName]: Parameters<(typeof jobs)[Name]> };
export type Outputs = { [Name in JobName]: Awaited<ReturnType<(typeof jobs)[Name]>> };

/** A job as it is asked for. */
export interface Job<Name extends JobName = JobName> {
  name: Name;
  input: Inputs[Name];
  limit: Limit;
}

/** How a job ended. `resident`: what the process holds after it, in megabytes. */
export type Answer<Output> =
  | { output: Output; resident: number }
  /** `code` of a `ToolError`; absent for any other. */
  | { error: { code?: ErrorCode; message: string }; resident: number }
  /** sharp cannot be loaded. */
  | { missing: string }
  /** It took more time or memory than it may; the process ends. */
  | { exceeded: 'slow' | 'greedy' };

/** A file limner wrote. */
export interface WrittenFile {
  path: string;
  /** Absent in limner's own folders. */
  sha256?: string;
}

/** The file as it was written, read here, so that the server need not send it; where others write too there may be another under its name by now, which is refused. */
async function readWritten({ path, sha256 }: WrittenFile): Promise<Uint8Array | undefined> {
  const bytes = await readBytes(path);
  if (bytes && sha256 !== undefined && createHash('sha256').update(bytes).digest('hex') !== sha256)
    throw new Error(`${path} is not what was written`);
  return bytes;
}

async function requireWritten(file: WrittenFile): Promise<Uint8Array> {
  const bytes = await readWritten(file);
  if (bytes === undefined) throw new Error(`${file.path} cannot be read`);
  return bytes;
}

/** Null when it is not there. */
async function previewFile(file: WrittenFile, edge: number): Promise<Preview | null> {
  const bytes = await readWritten(file);
  return bytes ? makePreview(bytes, edge) : null;
}

/** Null: no picture that limner delivers. */
async function readSize(bytes: Uint8Array): Promise<Size | null> {
  const made = await readMade(bytes);
  return made ? { width: made.width, height: made.height } : null;
}

/** The picture that did not have to change is not sent back. */
async function finishOrKeep(made: Picture, wish: FinishWish): Promise<{ image: Image | 'unchanged'; notes: readonly string[] }> {
  const { image, notes } = await finish(made, wish);
  return { image: image === made ? 'unchanged' : image, notes };
}
