// What `rolldown --config` does, without its table of files: whoever runs the demo wants to see the demo.
import { build } from 'rolldown';
import { loadConfig } from 'rolldown/config';

for (const options of [await loadConfig('rolldown.config.ts')].flat()) await build(options);
