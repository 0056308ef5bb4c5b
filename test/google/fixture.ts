import { GoogleGenAI } from '@google/genai';
import { test as base } from 'vitest';
import { type Google, startGoogle, testKey } from './index.ts';

export const flash = 'gemini-nano-banana-2.1';

/** The smallest body there is. */
export const fox = { contents: [{ role: 'user', parts: [{ text: 'A red fox' }] }] };

export type SdkAnswer = Awaited<ReturnType<GoogleGenAI['models']['generateContent']>>;

interface Fixtures {
  google: Google;
  /** Asks with the real SDK. */
  ask: (config?: object, model?: string, parts?: object[]) => Promise<SdkAnswer>;
  /** Posts a body as it is. */
  post: (body: unknown, model?: string, headers?: Record<string, string>) => Promise<Response>;
}

/** A test with a double of its own, and two ways to ask it. */
export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the fixture's needs from a pattern
  google: async ({}, use) => {
    const google = await startGoogle();
    await use(google);
    await google.close();
  },
  ask: async ({ google }, use) => {
    const ai = new GoogleGenAI({ apiKey: testKey, httpOptions: { baseUrl: google.url, apiVersion: 'v1beta' } });
    await use((config = {}, model = flash, parts = [{ text: 'A red fox' }]) =>
      ai.models.generateContent({ model, contents: [{ role: 'user', parts }], config }),
    );
  },
  post: async ({ google }, use) => {
    await use((body, model = flash, headers = { 'x-goog-api-key': testKey }) =>
      fetch(`${google.url}/v1beta/models/${model}:generateContent`, { method: 'POST', headers, body: JSON.stringify(body) }),
    );
  },
});

/** The picture parts of an answer, drafts included. */
export function picturesOf(
  answer: SdkAnswer,
): { mimeType: string | undefined; data: string; thought: boolean; signature: string | undefined }[] {
  const parts = answer.candidates?.[0]?.content?.parts ?? [];
  return parts.flatMap(({ inlineData, thought = false, thoughtSignature: signature }) =>
    inlineData ? [{ mimeType: inlineData.mimeType, data: inlineData.data ?? '', thought, signature }] : [],
  );
}

/** The first picture, decoded from base64. */
export function firstBytes(answer: SdkAnswer): Buffer {
  return Buffer.from(picturesOf(answer)[0]?.data ?? '', 'base64');
}
