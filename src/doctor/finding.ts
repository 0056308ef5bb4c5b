/** What a check found: one line of the report. */
export interface Finding {
  /** What was looked at, in a word or two; the same for all findings of a check. */
  check: string;
  /** `warning`: limner works, and there is something to know. `problem`: something does not work until it is mended. */
  state: 'ok' | 'warning' | 'problem';
  /** What is so, without a full stop. */
  says: string;
  /** What the person can do about it, without a full stop. */
  fix?: string;
}

/** Findings of one check. */
export function about(check: string) {
  return {
    ok: (says: string): Finding => ({ check, state: 'ok', says }),
    warning: (says: string, fix?: string): Finding => ({ check, state: 'warning', says, ...(fix !== undefined && { fix }) }),
    problem: (says: string, fix?: string): Finding => ({ check, state: 'problem', says, ...(fix !== undefined && { fix }) }),
  };
}
