import about from '../package.json' with { type: 'json' };

/** limner's version, and which versions of Node it runs on; package.json is the one place they are written. */
export const {
  version,
  engines: { node: nodeRange },
} = about;
