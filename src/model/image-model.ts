import type { Backend } from '../backend.ts';
import type { AspectRatio, Resolution } from '../media.ts';

/**
 * The contract of an upstream: something that makes pictures from words and pictures. Three exist: Google's Gemini API, the same models on Vertex AI, and the
 * offline stand-in.
 * One call asks for one picture; variations are several calls side by side.
 */
export interface ImageModel {
  /** Which upstream this is; `standin` must never be presented as AI. */
  readonly backend: Backend;

  /** Largest picture it takes inside a request, in bytes; absent: only what all of a request may have counts. */
  readonly mostPictureBytes?: number;

  /** For the pictures of one call that do not fit into a request; absent: everything has to fit. The caller ends it when the call is over, whatever came of it. */
  beginUploads?(): Uploads;

  /**
   * Makes the picture `request` describes.
   *
   * - Sends at most three requests upstream, and none after `call.cancelled` has fired; a request already sent is left to finish, since an
   *   aborted one may be billed all the same.
   * - Asks `call.beforeSending` before each of them, and tells it of each that brought nothing.
   * - Resolves with at least one image, never with none.
   * - Rejects with a `ToolError` that explains itself; with code `timeout` when `call.deadline` fires first.
   */
  generate(request: ImageRequest, call: ModelCall): Promise<ImageResponse>;
}

/** Pictures of one call that lie beside its requests, at the upstream's, each once and no longer than the call. */
export interface Uploads {
  /** Resolves with what a request refers to the picture by, once it can be used. Rejects with a `ToolError`, or when `signal` fires. */
  put(base64: string, mediaType: string, signal: AbortSignal): Promise<string>;
  /** Deletes them all. Never rejects; what cannot be deleted is gone after 48 hours. */
  end(): Promise<void>;
}

export interface ImageRequest {
  /** A full model id of the upstream, such as `gemini-3-pro-image`. */
  model: string;
  /** The words, as the caller wrote them. */
  prompt: string;
  /** What limner adds to them: the ground to paint on, the part that may change. */
  instructions?: string;
  /** The flat colour of that ground, `#rrggbb`. The model is told in words; only the stand-in needs to be told so. */
  ground?: `#${string}`;
  /** A picture that is white where the first picture may change and black elsewhere; sent after the others. */
  guide?: RequestImage;
  /** Pictures to work from, in the order the prompt counts them; ready to send: upright, no metadata, a type the upstream takes. */
  images: readonly RequestImage[];
  /** One of the ratios of this model in the catalogue. */
  aspectRatio: AspectRatio;
  resolution: Resolution;
  webSearch: boolean;
  /** The conversation to go on with; `images` then holds only what is new. */
  history?: Conversation;
  /** Which variation of the same prompt this is, from 1. Only the stand-in needs to be told: it is deterministic. */
  variation: number;
}

/**
 * One side of a conversation with the upstream, in the upstream's own words: kept as it came, sent back as it was. A picture that has just been received
 * is bytes, where base64 stands in those words (`inlineData.data`): the same `Uint8Array` as among the pictures of the answer, and as another part's with
 * the same picture.
 */
export interface Turn {
  role: 'user' | 'model';
  parts: readonly unknown[];
}

/** Earlier turns of the same model, oldest first, each as it was. */
export interface Conversation {
  turns: readonly Turn[];
  /** What the prompt may call the last picture in them, the one to change: `Image 1 (fox.jpg)`. */
  label: string;
}

/** What was said to make a picture, and what came. */
export interface Exchange {
  sent: Turn;
  received: Turn;
}

export interface RequestImage {
  /** What the prompt may call it: `Image 2 (bottle.png)`. Sent before the picture. */
  label: string;
  bytes: Uint8Array;
  /** `image/png`, `image/jpeg` or `image/webp`. */
  mediaType: string;
}

export interface ModelCall {
  /** Fires when nobody waits for the answer any more: no further request is sent. */
  cancelled: AbortSignal;
  /** Fires when perhaps nobody waits any more: nothing is tried again. */
  gone?: AbortSignal;
  /** Fires when the time for the whole call, retries included, is over: whatever is under way is dropped. */
  deadline: AbortSignal;
  /** How many milliseconds are left until `deadline` fires. */
  remainingMs(): number;
  /**
   * Asked before each request is sent; resolves once it is entered in the ledger. When it rejects, nothing is sent: the first time `generate` rejects
   * with the same, later with what went wrong before.
   */
  beforeSending(): Promise<SentRequest>;
  /** Shared by the requests of a call. */
  uploads?: Uploads;
  /** Told that a picture begins to arrive. An upstream that has its pictures at once need not ask. */
  beginPicture?(): ArrivingPicture;
  /** Told in a few words what is being waited for, when it is something other than the picture: "rate limit, trying again in 12 s". */
  onWait(why: string): void;
}

/** Takes the bytes of a picture while they come. One that never ends was none. */
export interface ArrivingPicture {
  /** The next bytes, which will not change any more. */
  add(bytes: Uint8Array): void;
  /** It is whole: all of its bytes, as the answer will have them. */
  end(bytes: Uint8Array): void;
}

/** A request that was entered in the ledger. What brings a picture is settled by the caller. */
export interface SentRequest {
  /** No picture came of it; counts in full when it may have been billed, else as what the answer used all the same. */
  failed(maybeBilled: boolean, usage?: Usage): Promise<void>;
}

export interface ImageResponse {
  /** The pictures in the order they came, drafts left out, each once. Bytes as they were sent, not decoded, not checked. */
  images: readonly Uint8Array[];
  /** What the model said beside the picture; empty when it said nothing. Not cleaned. */
  text: string;
  /** Web pages it looked up, when it searched. Not cleaned. */
  sources: readonly Source[];
  /** Searches that were made; billed one by one. */
  searches: number;
  /** Absent when the upstream did not say. */
  usage?: Usage;
  /** The id that answered, when the upstream said. */
  model?: string;
  /** Both sides of the conversation, for a later request to go on with. */
  exchange: Exchange;
  /** Facts the caller should hear, such as that an earlier attempt may have been billed. */
  warnings: readonly string[];
}

export interface Source {
  title: string;
  url: string;
}

/** Tokens, as billed: `image` output at the image price, `text` output (thinking included) at the text price. */
export interface Usage {
  input: number;
  image: number;
  text: number;
}
