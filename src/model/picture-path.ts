/** What leads from the whole answer to the base64 of a picture: kinds of container by depth, and the name that goes on from each. Lists have none. */
const inAnswer = [
  { kind: '{', name: 'candidates' },
  { kind: '[', name: undefined },
  { kind: '{', name: 'content' },
  { kind: '{', name: 'parts' },
  { kind: '[', name: undefined },
  { kind: '{', name: 'inlineData' },
  { kind: '{', name: 'data' },
] as const;

/** Every character of a name may be written as an escape of six. */
export const longestName = 6 * 'inlineData'.length;

/** The same in a line of a batch's results. */
const inLine = [{ kind: '{', name: 'response' }, ...inAnswer] as const;

/** Keeps to what leads to a picture: how deep one is, and how deep one still was on that way. */
export function createPicturePath(where?: 'line') {
  const steps = where === 'line' ? inLine : inAnswer;
  let [depth, along] = [0, 0];
  let current: string | undefined;
  const leadsOn = () => {
    const step = steps[depth - 1];
    return step === undefined || step.name === undefined || step.name === current;
  };
  return {
    enter(kind: '{' | '['): void {
      const isNext = along === depth && leadsOn() && steps[depth]?.kind === kind;
      depth += 1;
      if (isNext) along = depth;
      current = undefined;
    },
    leave(): void {
      if (depth > 0) depth -= 1;
      along = Math.min(along, depth);
    },
    /** A name was read, or what it named is over. */
    name(written: string | undefined): void {
      current = along === depth && written !== undefined ? toName(written) : undefined;
    },
    isOn: () => along === depth,
    isAtPicture: () => along === depth && depth === steps.length && current === steps[depth - 1]?.name,
  };
}

function toName(written: string): string | undefined {
  if (!written.includes('\\')) return written;
  try {
    return String(JSON.parse(`"${written}"`));
  } catch {
    return undefined;
  }
}
