/**
 * What went wrong, for programs. Each code answers "who can mend it":
 *
 * - the caller: `invalid_argument`, `unsupported`, `not_found`, `not_allowed`, `unreadable_image`, `file_exists`, `repeated`
 * - the person: `settings`, `no_key`, `key_rejected`, `billing`, `permission`, `region`, `cannot_write`, `over_budget`, `over_call_limit`
 * - the prompt: `refused`, `no_image`
 * - Google, or time: `quota`, `overloaded`, `timeout`, `unreachable`, `upstream_fault`, `model_gone`, `bad_answer`
 * - nobody: `cancelled`
 * - limner: `internal`
 */
export type ErrorCode =
  | 'invalid_argument'
  | 'unsupported'
  | 'not_found'
  | 'not_allowed'
  | 'unreadable_image'
  | 'file_exists'
  | 'settings'
  | 'no_key'
  | 'key_rejected'
  | 'billing'
  | 'permission'
  | 'region'
  | 'cannot_write'
  | 'over_budget'
  | 'over_call_limit'
  | 'repeated'
  | 'refused'
  | 'no_image'
  | 'quota'
  | 'overloaded'
  | 'timeout'
  | 'unreachable'
  | 'upstream_fault'
  | 'model_gone'
  | 'bad_answer'
  | 'cancelled'
  | 'internal';

export interface ToolErrorOptions {
  /** When trying again makes sense: after how many seconds. Absent: it makes none, or nobody knows. */
  retryAfterSeconds?: number;
  /** What the person may be asked, where a yes would let the call through. */
  question?: string;
  /** The folder that would have to be open to limner for the call to go through. */
  folder?: ClosedFolder;
  cause?: unknown;
}

/** A folder limner may not use, as the words of a path have it: absolute, links not resolved. */
export interface ClosedFolder {
  path: string;
  purpose: 'read' | 'write';
}

/**
 * The one error a tool shows its caller. The message is a sentence or two for the agent: what happened, whose doing it is, what to do next;
 * never a secret and never raw upstream text. Thrown where the fact is known, caught once, in `tool.ts`.
 */
export class ToolError extends Error {
  readonly code: ErrorCode;
  readonly retryAfterSeconds: number | undefined;
  readonly question: string | undefined;
  readonly folder: ClosedFolder | undefined;

  constructor(code: ErrorCode, message: string, options: ToolErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.name = 'ToolError';
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.question = options.question;
    this.folder = options.folder;
  }
}
