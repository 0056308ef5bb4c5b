import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect } from 'vitest';
import { test } from './fixtures.ts';
import { answers, bytesOf } from './google/index.ts';

test('a prompt alone makes a file in the project, byte for byte what Google sent', async ({ limner, google, computer }) => {
  const answer = await limner.call('generate_image', { prompt: 'A red fox on a hill' });
  expect(answer.isError, answer.text).toBe(false);
  const { file, facts } = answer;
  expect(file.path).toBe(join(computer.project, 'generated-images', 'red-fox-on-hill.jpg'));
  const [request] = google.requests;
  const sent = await bytesOf(answers.picture(), request);
  const onDisk = await readFile(file.path);
  expect(createHash('sha256').update(onDisk).digest('hex')).toBe(createHash('sha256').update(sent).digest('hex'));
  expect(facts.images).toHaveLength(1);
});
