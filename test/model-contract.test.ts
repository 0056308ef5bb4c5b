import sharp from 'sharp';
import { test as base, describe, expect, vi } from 'vitest';
import { type ErrorCode, ToolError } from '../src/errors.ts';
import { shapeDistance } from '../src/media.ts';
import { chooseModel, documentedSize } from '../src/model/catalog.ts';
import { createGemini } from '../src/model/gemini.ts';
import type { ImageModel, ImageRequest, ModelCall, RequestImage } from '../src/model/image-model.ts';
import { createStandin } from '../src/model/standin.ts';
import { createRedactor } from '../src/redactor.ts';
import { photo } from './fixtures.ts';
import { answers, type Google, startGoogle, testKey } from './google/index.ts';

/** What an upstream can be brought to: a failure, never answering, or taking a moment. */
type Provocation = 'refused' | 'no_image' | 'quota' | 'billing' | 'overloaded' | 'endless' | 'slow';

/** An upstream to be held to the contract. */
interface Subject {
  model: ImageModel;
  /** Makes the next request end in that way, and resolves with the prompt to send. */
  provoke(what: Provocation): string;
  /** Resolves once a request is on its way. */
  underWay(): Promise<void>;
  /** Requests sent so far. */
  requests(): number;
  close(): Promise<void>;
}

const { model: flash } = chooseModel('flash');
const fox: ImageRequest = {
  model: flash.id,
  prompt: 'A red fox on a hill',
  images: [],
  aspectRatio: '1:1',
  resolution: '1K',
  webSearch: false,
  variation: 1,
};

function startCall(more: Partial<ModelCall> = {}): ModelCall {
  const never = new AbortController().signal;
  return {
    cancelled: never,
    deadline: never,
    remainingMs: () => 10_000,
    onWait: () => undefined,
    beforeSending: async () => ({ failed: async () => undefined }),
    ...more,
  };
}

/** Decodes every pixel; throws for what is no whole picture. */
async function decode(bytes: Uint8Array | undefined): Promise<{ width: number; height: number }> {
  const { info } = await sharp(bytes, { failOn: 'truncated' }).raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height };
}

/** The `ToolError` a promise is rejected with. */
async function failureOf(promise: Promise<unknown>): Promise<ToolError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ToolError);
  return error instanceof ToolError ? error : new ToolError('internal', 'no error');
}

const labelled = async (index: number, colour: string): Promise<RequestImage> => ({
  label: `Image ${index} (photo-${index}.png)`,
  bytes: await photo(64, 48, 'png', colour),
  mediaType: 'image/png',
});

/** The contract of `ImageModel`, sentence by sentence. */
function describeModel(name: string, create: () => Promise<Subject>): void {
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the pattern
  const test = base.extend('subject', async ({}, { onCleanup }) => {
    const subject = await create();
    onCleanup(() => subject.close());
    return subject;
  });

  describe(`${name} as an image model`, () => {
    test.for(flash.ratios)('makes a picture of the shape %s', async (aspectRatio, { subject }) => {
      const { images, usage } = await subject.model.generate({ ...fox, aspectRatio }, startCall());
      expect(images.length).toBeGreaterThanOrEqual(1);
      for (const bytes of images) expect(shapeDistance(await decode(bytes), aspectRatio)).toBeLessThan(0.05);
      expect(Math.min(usage?.input ?? -1, usage?.image ?? -1, usage?.text ?? -1)).toBeGreaterThanOrEqual(0);
    });

    test.for(flash.resolutions)('honours the resolution %s', async (resolution, { subject }) => {
      const { images } = await subject.model.generate({ ...fox, aspectRatio: '3:2', resolution }, startCall());
      const [got, wanted] = [await decode(images[0]), documentedSize('3:2', resolution)];
      expect(Math.abs(got.width / wanted.width - 1)).toBeLessThan(0.1);
      expect(Math.abs(got.height / wanted.height - 1)).toBeLessThan(0.1);
    });

    test('makes variations that differ, side by side', async ({ subject }) => {
      const both = await Promise.all([1, 2].map((variation) => subject.model.generate({ ...fox, variation }, startCall())));
      const [first, second] = both.map(({ images }) => Buffer.from(images[0] ?? []));
      await Promise.all([decode(first), decode(second)]);
      expect(second && first?.equals(second)).toBe(false);
    });

    test.for([1, 3])('works from %d pictures', async (count, { subject }) => {
      const images = await Promise.all(['#2060a0', '#20a060', '#a06020'].slice(0, count).map((colour, at) => labelled(at + 1, colour)));
      const response = await subject.model.generate({ ...fox, prompt: 'Put them on one table', images, aspectRatio: '4:3' }, startCall());
      expect(shapeDistance(await decode(response.images[0]), '4:3')).toBeLessThan(0.05);
    });

    test.for([
      ['refused', undefined],
      ['no_image', undefined],
      ['quota', 34],
      ['billing', undefined],
    ] as const satisfies (readonly [ErrorCode & Provocation, number | undefined])[])(
      'rejects with an error that explains itself: %s',
      async ([code, retryAfterSeconds], { subject }) => {
        const prompt = subject.provoke(code);
        const error = await failureOf(subject.model.generate({ ...fox, prompt }, startCall()));
        expect(error).toMatchObject({ code, retryAfterSeconds });
        expect(error.message.length).toBeGreaterThan(60);
      },
    );

    test('rejects with overloaded after at most three requests', async ({ subject }) => {
      const prompt = subject.provoke('overloaded');
      expect((await failureOf(subject.model.generate({ ...fox, prompt }, startCall()))).code).toBe('overloaded');
      expect(subject.requests()).toBeLessThanOrEqual(3);
    });

    test('rejects with timeout when the deadline fires', async ({ subject }) => {
      const prompt = subject.provoke('endless');
      const deadline = new AbortController();
      const asked = failureOf(subject.model.generate({ ...fox, prompt }, startCall({ deadline: deadline.signal })));
      await subject.underWay();
      deadline.abort();
      expect((await asked).code).toBe('timeout');
    });

    test('rejects with timeout when the deadline has fired before', async ({ subject }) => {
      expect((await failureOf(subject.model.generate(fox, startCall({ deadline: AbortSignal.abort() })))).code).toBe('timeout');
      expect(subject.requests()).toBe(0);
    });

    test('sends nothing once it is cancelled', async ({ subject }) => {
      expect((await failureOf(subject.model.generate(fox, startCall({ cancelled: AbortSignal.abort() })))).code).toBe('cancelled');
      expect(subject.requests()).toBe(0);
    });

    test('leaves a request that was sent to finish, and returns its picture', async ({ subject }) => {
      const prompt = subject.provoke('slow');
      const cancelled = new AbortController();
      const asked = subject.model.generate({ ...fox, prompt }, startCall({ cancelled: cancelled.signal }));
      await subject.underWay();
      cancelled.abort();
      await decode((await asked).images[0]);
    });
  });
}

function createGeminiSubject(google: Google): Subject {
  const provocations: Record<Provocation, () => void> = {
    refused: () => google.next(answers.refusal('IMAGE_SAFETY')),
    no_image: () => google.always(answers.refusal('NO_IMAGE')),
    quota: () => google.next(answers.rateLimited(34)),
    billing: () => google.next(answers.quotaZero()),
    overloaded: () => google.always(answers.overloaded()),
    endless: () => google.next(answers.hang()),
    slow: () => google.next(answers.slow(100)),
  };
  return {
    model: createGemini({ apiKey: { reveal: () => testKey }, redactor: createRedactor([testKey]), baseUrl: google.url }),
    provoke(what) {
      provocations[what]();
      return fox.prompt;
    },
    underWay: () => vi.waitFor(() => expect(google.requests).toHaveLength(1)),
    requests: () => google.requests.length,
    close: () => google.close(),
  };
}

function createStandinSubject(): Subject {
  const words: Record<Provocation, string> = {
    refused: 'standin:blocked',
    no_image: 'standin:no-image',
    quota: 'standin:quota',
    billing: 'standin:billing',
    overloaded: 'standin:overloaded',
    endless: 'standin:slow=600',
    slow: 'standin:slow=0.1',
  };
  return {
    model: createStandin(),
    provoke: (what) => `${fox.prompt} ${words[what]}`,
    // It starts to wait as soon as it is called, and has nobody to send anything to.
    underWay: async () => undefined,
    requests: () => 0,
    close: async () => undefined,
  };
}

describeModel('Gemini', async () => createGeminiSubject(await startGoogle()));
describeModel('the stand-in', async () => createStandinSubject());

describe('Gemini', () => {
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the pattern
  const test = base.extend('google', async ({}, { onCleanup }) => {
    const google = await startGoogle();
    onCleanup(() => google.close());
    return google;
  });

  test('is sent the words, then each picture after its label', async ({ google }) => {
    const images = await Promise.all(['#2060a0', '#20a060', '#a06020'].map((colour, at) => labelled(at + 1, colour)));
    await createGeminiSubject(google).model.generate({ ...fox, images, webSearch: true }, startCall());
    expect(google.requests).toMatchObject([
      {
        model: flash.id,
        texts: [fox.prompt, ...images.map(({ label }) => label)],
        images: images.map(({ mediaType, bytes }) => ({ mimeType: mediaType, bytes })),
        aspectRatio: '1:1',
        imageSize: '1K',
        search: true,
        apiKey: testKey,
      },
    ]);
  });

  test('is not asked again once the call is cancelled in a back-off', async ({ google }) => {
    google.always(answers.rateLimited(5));
    const cancelled = new AbortController();
    const told: string[] = [];
    const onWait = (why: string) => {
      told.push(why);
      cancelled.abort();
    };
    const { model } = createGeminiSubject(google);
    const error = await failureOf(model.generate(fox, startCall({ cancelled: cancelled.signal, onWait })));
    expect(error.code).toBe('cancelled');
    expect(told).toEqual(['rate limit reached, trying again in 5 s']);
    expect(google.requests).toHaveLength(1);
  });

  test('is not asked again for a picture nobody waits for', async ({ google }) => {
    const cancelled = new AbortController();
    google.always((request) => {
      cancelled.abort();
      return answers.overloaded()(request);
    });
    const { model } = createGeminiSubject(google);
    const error = await failureOf(model.generate(fox, startCall({ cancelled: cancelled.signal })));
    expect(error.code).toBe('overloaded');
    expect(google.requests).toHaveLength(1);
  });
});
