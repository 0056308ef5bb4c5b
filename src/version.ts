import about from '../package.json' with { type: 'json' };

/** limner's version; package.json is the one place it is written. */
export const { version } = about;
