import { ToolError } from '../errors.ts';
import { toShownPath } from './paths.ts';
import { codeOf } from './system-error.ts';

const reasons: Record<string, string> = {
  EACCES: 'the system does not allow it',
  EPERM: 'the system does not allow it',
  EROFS: 'that disk is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENOTDIR: 'a part of that path is a file, not a folder',
  EEXIST: 'a part of that path is a file, not a folder',
  ENAMETOOLONG: 'the name is too long',
  ENOENT: 'the folder does not exist',
  ELOOP: 'a part of that path is a link',
  EIO: 'the disk reports an error',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
  EFBIG: 'the file would be larger than is allowed',
};

/** Why a file or a folder cannot be written, in words that go on from a colon. */
export function explainWriteError(cause: unknown): string {
  return reasons[codeOf(cause) ?? ''] ?? codeOf(cause) ?? 'unknown reason';
}

/** `cannot_write`, in words: what could not be written and why. An error that explains itself is passed on. */
export function toWriteError(cause: unknown, path: string): ToolError {
  if (cause instanceof ToolError) return cause;
  return new ToolError(
    'cannot_write',
    `limner cannot write ${toShownPath(path)}: ${explainWriteError(cause)}. Choose another output, or set LIMNER_OUTPUT_DIR to a folder that can be written.`,
    { cause },
  );
}
