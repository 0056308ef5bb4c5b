/** Key of the machine-readable copy of a result. */
export const metaKey = 'limner/result';
