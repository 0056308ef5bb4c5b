// Exchanges names for links that lead elsewhere, and back, as fast as it can, until something comes in on stdin; then says how often.
import { existsSync, linkSync, lstatSync, renameSync, symlinkSync } from 'node:fs';

/** `path` is what is there, `target` where the link in its place leads. */
const pairs = JSON.parse(process.argv[2]).map((pair) => ({ ...pair, isFile: lstatSync(pair.path).isFile() }));
let swaps = 0;
let isOver = false;
process.stdin.once('data', () => {
  isOver = true;
});

for (const { path, target, isFile } of pairs) {
  if (isFile) linkSync(path, `${path}.real`);
  else symlinkSync(target, `${path}.link`);
}

/** A file gives way at once, so that its name is always there. */
function swapFile({ path, target }) {
  symlinkSync(target, `${path}.new`);
  renameSync(`${path}.new`, path);
  linkSync(`${path}.real`, `${path}.new`);
  renameSync(`${path}.new`, path);
}

/** A folder has to go before a link can take its name. */
function swapFolder({ path }) {
  renameSync(path, `${path}.real`);
  renameSync(`${path}.link`, path);
  renameSync(path, `${path}.link`);
  renameSync(`${path}.real`, path);
}

/** Whoever writes may have made a folder where the name was free for a moment: it goes, and what was there comes back. */
function restore({ path }) {
  if (!existsSync(`${path}.real`)) return;
  const isLink = existsSync(path) && lstatSync(path).isSymbolicLink();
  if (existsSync(path)) renameSync(path, isLink ? `${path}.link` : `${path}.stray-${swaps}`);
  renameSync(`${path}.real`, path);
}

function run() {
  for (let round = 0; round < 100; round += 1) {
    for (const pair of pairs) {
      swaps += 1;
      if (pair.isFile) swapFile(pair);
      else
        try {
          swapFolder(pair);
        } catch {
          restore(pair);
        }
    }
  }
  if (!isOver) return setImmediate(run);
  process.stdout.write(String(swaps));
  process.stdin.destroy();
}

process.stderr.write('ready');
run();
