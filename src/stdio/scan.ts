/** What can be told of a JSON-RPC message without parsing it. */
export interface Shape {
  /** The value of the top-level `id`, when it is one that MCP allows: text or a whole number. */
  id: string | number | undefined;
  /** There is a top-level `id`, whatever its value. */
  hasId: boolean;
  /** There is a top-level `method`: a request or a notification. */
  hasMethod: boolean;
  /** There is a top-level `result` or `error`: without a method, a response. */
  hasResult: boolean;
  /** How deep lists and objects are nested. */
  depth: number;
  /** About how many values there are: a list, an object or a comma each. */
  values: number;
}

/** Longest id that is read, in bytes; those in use are numbers or uuids. */
const maxIdBytes = 256;

const [quote, backslash, comma, colon, openList, closeList, openObject, closeObject] = [...Buffer.from('"\\,:[]{}')];

/**
 * Reads along a message as it comes in, in memory that does not grow with it: so the id of one that is too long to be kept is known, wherever it stands, and
 * nothing inside `params` is taken for it. What is no JSON does no harm; what is said of it then means nothing.
 */
export class MessageScan {
  readonly shape: Shape = { id: undefined, hasId: false, hasMethod: false, hasResult: false, depth: 0, values: 0 };
  #depth = 0;
  #isObject = false;
  #inText = false;
  #escaped = false;
  /** The text or number that is being read, when it stands at the top level. */
  #token: string | undefined;
  #key: string | undefined;

  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += 1) at = this.#inText ? this.#readText(bytes, at) : this.#readStructure(bytes, at);
  }

  /** Goes to the end of a text, or of what there is of it; returns the place of the last byte it has read. */
  #readText(bytes: Uint8Array, start: number): number {
    let at = this.#escaped ? start + 1 : start;
    while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
    this.#escaped = at > bytes.length;
    this.#inText = at >= bytes.length;
    this.#take(bytes, start, at + 1);
    return at;
  }

  #readStructure(bytes: Uint8Array, at: number): number {
    const byte = bytes[at];
    if (byte === quote) this.#beginText();
    else if (byte === openList || byte === openObject) this.#open(byte === openObject);
    else if (byte === closeList || byte === closeObject) this.#close();
    else if (byte === comma) this.#next();
    else if (byte === colon) this.#nameKey();
    else if (this.#depth === 1 && byte !== undefined && byte > 0x20) this.#take(bytes, at, at + 1);
    return at;
  }

  #take(bytes: Uint8Array, start: number, end: number): void {
    if (this.#depth !== 1 || !this.#isObject) return;
    const read = this.#token ?? '';
    if (read.length <= maxIdBytes)
      this.#token = read + Buffer.from(bytes.subarray(start, Math.min(end, start + maxIdBytes + 1))).toString('latin1');
  }

  #beginText(): void {
    this.#inText = true;
    if (this.#depth === 1) this.#token = '"';
  }

  #open(isObject: boolean): void {
    if (this.#depth === 0) this.#isObject = isObject;
    this.#depth += 1;
    this.shape.values += 1;
    this.shape.depth = Math.max(this.shape.depth, this.#depth);
  }

  #close(): void {
    if (this.#depth === 1) this.#endValue();
    this.#depth = Math.max(0, this.#depth - 1);
  }

  #next(): void {
    this.shape.values += 1;
    if (this.#depth === 1) this.#endValue();
  }

  #nameKey(): void {
    if (this.#depth !== 1 || !this.#isObject) return;
    this.#key = this.#token;
    this.#token = undefined;
    if (this.#key === '"method"') this.shape.hasMethod = true;
    if (this.#key === '"id"') this.shape.hasId = true;
    if (this.#key === '"result"' || this.#key === '"error"') this.shape.hasResult = true;
  }

  #endValue(): void {
    if (this.#key === '"id"' && this.#token !== undefined) this.shape.id = toId(this.#token);
    this.#key = undefined;
    this.#token = undefined;
  }
}

function toId(token: string): string | number | undefined {
  if (token.length > maxIdBytes) return undefined;
  try {
    const id: unknown = JSON.parse(Buffer.from(token, 'latin1').toString('utf8'));
    return typeof id === 'string' || (typeof id === 'number' && Number.isSafeInteger(id)) ? id : undefined;
  } catch {
    return undefined;
  }
}
