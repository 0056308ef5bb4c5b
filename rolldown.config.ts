import { defineConfig } from 'rolldown';
import { ascii } from './bundle/ascii.ts';
import { builtins } from './bundle/builtins.ts';
import { notices } from './bundle/notices.ts';
import { page } from './bundle/page.ts';
import { specTypes } from './bundle/spec-types.ts';
import { standIns } from './bundle/stand-ins.ts';
import { team } from './bundle/team.ts';

// What jsonc-parser gives Node by default loads its parts in a way that cannot be bundled.
const resolve = { alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' } };
const common = { platform: 'node', external: 'sharp', logLevel: 'warn', resolve } as const;
const output = { dir: 'dist', format: 'esm', minify: true } as const;

/**
 * The package: everything but sharp, which brings native code. What a server starts from is one file behind its entry, and what calls need another, loaded with the first.
 * The process that decodes has its own, since it shall not have what the server has; so has the server for a team, since others shall not have what it has.
 * The page that shows pictures is one file of HTML.
 */
export default defineConfig([
  {
    ...common,
    input: { index: 'build/index.js' },
    plugins: [team, standIns, specTypes, builtins, ascii, notices('NOTICES.txt')],
    output: {
      ...output,
      cleanDir: true,
      codeSplitting: {
        groups: [
          { name: 'start', test: /build\/main\.js$/, priority: 2 },
          { name: 'call', test: /build\/(call|open|resource-contents|run-export|tools\/paid)\.js$/, priority: 1 },
        ],
      },
    },
  },
  {
    ...common,
    input: { child: 'build/decoder/child.js' },
    plugins: [standIns, builtins, ascii, notices('NOTICES-child.txt')],
    output: { ...output, codeSplitting: false },
  },
  {
    ...common,
    input: { team: 'build/http/team.js' },
    plugins: [standIns, specTypes, builtins, ascii, notices('NOTICES-team.txt')],
    output: { ...output, chunkFileNames: 'team-[name]-[hash].js' },
  },
  {
    input: { gallery: 'app/gallery.ts' },
    platform: 'browser',
    logLevel: 'warn',
    plugins: [page],
    output: { dir: 'dist', format: 'iife', minify: true },
  },
]);
