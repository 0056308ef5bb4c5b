import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { conditionNames } from './faults.ts';
import { sceneNames } from './scenes.ts';
import { drawSheet } from './sheet.ts';
import { type Attempt, measureRow, type Row } from './table.ts';

const edge = 1024;
const sheetFile = join(import.meta.dirname, '../../docs/alpha.jpg');

test('the table of transparency, and its pictures', async () => {
  const lines = [
    '| scene | condition | colour key, green | HSV cut, green | unmix, green | unmix, best key | two shots, as published | two shots, ours |',
    '|---|---|---|---|---|---|---|---|',
  ];
  const pictured: Row[] = [];
  for (const scene of sceneNames) {
    for (const condition of conditionNames) {
      const row = await measureRow(scene, condition, edge);
      lines.push(toLine(row));
      if (condition === 'all faults') pictured.push(row);
    }
  }
  process.stdout.write(
    `\nMean error of alpha (0 to 255) / PSNR in dB of the cut-out on an unrelated purple, ${edge} px\n\n${lines.join('\n')}\n`,
  );
  const sheet = await drawSheet(pictured);
  expect(sheet.length).toBeLessThan(400_000);
  await writeFile(sheetFile, sheet);
});

function toLine({ scene, condition, key, naive, ours }: Row): string {
  const show = (attempt?: Attempt) => (attempt ? `${attempt.error.toFixed(2)} / ${attempt.psnr.toFixed(1)}` : '–');
  const best = key ? `${key.best.key} ${show(key.best)}` : '–';
  return `| ${[scene, condition, show(key?.colourKey), show(key?.hsvCut), show(key?.green), best, show(naive), show(ours)].join(' | ')} |`;
}
