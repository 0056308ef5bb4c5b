/** What is wrong with a setting, in the parts that sentences and reports are made of. */
export interface Fault {
  /** What is so, without a full stop. */
  says: string;
  /** What the value has to be. */
  expected?: string;
  /** What the person can do about it. */
  fix?: string;
  /** What follows from it, as a sentence without its capital letter and full stop. */
  consequence?: string;
}

/** The fault in one sentence or two, as logs and results tell it. */
export function toSentence({ says, expected, fix, consequence }: Fault): string {
  const advice = expected !== undefined ? `; it must be ${expected}` : fix !== undefined ? `: ${fix}` : '';
  return `${says}${advice}.${consequence === undefined ? '' : ` ${consequence.charAt(0).toUpperCase()}${consequence.slice(1)}.`}`;
}

/** The fault of a setting, where what is said of it goes on from its name. */
export function named(name: string, fault: Fault): Fault {
  return { ...fault, says: `${name} ${fault.says}` };
}
