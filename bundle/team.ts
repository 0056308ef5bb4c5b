import type { Plugin } from 'rolldown';

/** What `limner serve` runs is put together by itself, as the process that decodes is: it takes more of the SDK, and none of that shall be in what every host starts. */
export const team: Plugin = {
  name: 'team',
  resolveId: (id) => (/(^|\/)http\/team\.js$/.test(id) ? { id: './team.js', external: true } : null),
};
