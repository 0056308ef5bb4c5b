/**
 * zod as limner's bundle has it: a schema is put together when it is first used. The SDK declares some five hundred while it is loaded, of which one
 * session uses a dozen; building them all is a third of the time to the answer of `initialize`.
 *
 * What a constructor or a deriving method returns here stands for the schema: whatever is asked of it is asked of the real one, made at that moment. Inside
 * of zod there are real schemas alone, since what is handed to it is exchanged first.
 */
import * as zod from 'zod/v4';
import en from 'zod/v4/locales/en.js';

export * from 'zod/v4';
export * as z from './deferred-zod.ts';

type Words = NonNullable<ReturnType<typeof en>['localeError']>;

let words: Words | undefined;

/** zod's own words for what is wrong, put together when something is. */
const inWords: Words = (issue) => {
  words ??= en().localeError;
  return words(issue);
};

/** What is read here came as JSON, in which nothing holds itself: zod would go through all of a schema before its first use, to find out whether a value could. */
const withoutCycles = {
  attach: () => undefined,
  guard: () => undefined,
  alloc: <Value>(_schema: unknown, _payload: unknown, empty: Value) => empty,
};

// Not jitless, zod makes code from text for each schema, once it is used.
zod.config({ jitless: true, localeError: inWords, memoizer: withoutCycles });

const real = Symbol('the schema itself');

/** Methods that return another schema and need nothing to be known of this one. */
const deriving = new Set<PropertyKey>(
  `and array brand catch catchall check clone default describe exactOptional extend loose merge meta nonoptional nullable nullish omit or overwrite
  partial passthrough pick pipe prefault readonly refine required safeExtend strict strip superRefine transform
  email endsWith gt gte includes int length lt lte max min multipleOf negative nonempty nonnegative normalize positive regex startsWith toLowerCase
  toUpperCase trim url`.split(/\s+/),
);

/** Those after which something may come in place of a value that is absent, or that is not known without the schema. */
const defaulting = new Set<PropertyKey>('and catch default exactOptional nullable nullish or pipe prefault readonly transform'.split(' '));

/** The schema a stand-in stands for, and the same for all that lie in a list or a plain object; what else there is as it is. */
function toReal(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const schema: unknown = Reflect.get(value, real);
  if (schema !== undefined) return schema;
  if (Array.isArray(value)) return value.map(toReal);
  return Object.getPrototypeOf(value) === Object.prototype ? toRealShape(value) : value;
}

/** Getters, which shapes that hold themselves are written with, stay getters. */
function toRealShape(shape: object): object {
  const copy = {};
  for (const [name, { get, ...descriptor }] of Object.entries(Object.getOwnPropertyDescriptors(shape))) {
    Object.defineProperty(
      copy,
      name,
      get
        ? { get: () => toReal(get.call(shape)), enumerable: true, configurable: true }
        : { ...descriptor, value: toReal(descriptor.value) },
    );
  }
  return copy;
}

/** What is known of a schema before it is made. */
interface Known {
  shape?: object | undefined;
  isPlain?: boolean;
}

/** A schema that is wanted, and once it was asked for something, the schema. */
class Wanted {
  #make: (() => object) | undefined;
  #schema: object | undefined;
  #optional: object | undefined;
  /** What an object is made of, which is known before it is made. */
  readonly shape: object | undefined;
  /** Known to put nothing in place of a value that is absent. */
  readonly isPlain: boolean;

  constructor(make: () => object, { shape, isPlain = false }: Known) {
    this.#make = make;
    this.shape = shape;
    this.isPlain = isPlain;
  }

  /** The same for everybody who asks: a third of all schemas is an optional text. */
  optional(): object {
    this.#optional ??= defer(() => (this.isPlain ? this.#makeOptional() : call(this.get(), 'optional', [])));
    return this.#optional;
  }

  /** What is absent needs no schema: this one is made for the first value that is there. Most of what may stand in a message seldom does. */
  #makeOptional(): object {
    const schema = zod.optional(zod.unknown());
    Object.defineProperty(schema.def, 'innerType', { get: () => this.get(), enumerable: true, configurable: true });
    const internals = schema._zod;
    Object.defineProperty(internals, 'optin', { value: 'optional', enumerable: true, configurable: true });
    const { parse } = internals;
    internals.parse = (payload, context) => (payload.value === undefined ? payload : parse(payload, context));
    internals.run = internals.parse;
    return schema;
  }

  get(): object {
    this.#schema ??= this.#make?.() ?? {};
    this.#make = undefined;
    return this.#schema;
  }
}

const standIn: ProxyHandler<Wanted> = {
  get(wanted, name) {
    if (name === real) return wanted.get();
    if (name === 'shape' && wanted.shape) return wanted.shape;
    if (name === 'optional') return () => wanted.optional();
    if (deriving.has(name)) {
      const isPlain = wanted.isPlain && !defaulting.has(name);
      return (...args: unknown[]) => defer(() => call(wanted.get(), name, args), { shape: toShape(wanted.shape, name, args), isPlain });
    }
    const value: unknown = Reflect.get(wanted.get(), name);
    return typeof value === 'function' ? value.bind(wanted.get()) : value;
  },
  has: (wanted, name) => Reflect.has(wanted.get(), name),
  ownKeys: (wanted) => Reflect.ownKeys(wanted.get()),
  getPrototypeOf: (wanted) => Reflect.getPrototypeOf(wanted.get()),
  getOwnPropertyDescriptor(wanted, name) {
    const descriptor = Reflect.getOwnPropertyDescriptor(wanted.get(), name);
    return descriptor && { ...descriptor, configurable: true };
  },
};

function defer(make: () => object, known: Known = {}): object {
  return new Proxy(new Wanted(make, known), standIn);
}

/** The shape of what a method derives from an object, where that is known without the object. */
function toShape(shape: object | undefined, method: PropertyKey, [more]: readonly unknown[]): object | undefined {
  if (shape === undefined || ['strict', 'strip', 'loose', 'passthrough', 'catchall', 'describe', 'meta'].includes(String(method)))
    return shape;
  if (typeof more !== 'object' || more === null) return undefined;
  if (method === 'pick') return pick(shape, more);
  if (method !== 'extend') return undefined;
  return Object.defineProperties({}, { ...Object.getOwnPropertyDescriptors(shape), ...Object.getOwnPropertyDescriptors(more) });
}

function call(schema: object, method: PropertyKey, args: readonly unknown[]): object {
  return Reflect.apply(Reflect.get(schema, method), schema, args.map(toReal));
}

function pick(shape: object, mask: object): object {
  const chosen = Object.entries(Object.getOwnPropertyDescriptors(shape)).filter(([name]) => Reflect.get(mask, name) === true);
  return Object.defineProperties({}, Object.fromEntries(chosen));
}

const laterObject =
  (make: (...args: never[]) => object) =>
  (shape: object = {}, ...args: unknown[]) =>
    defer(() => Reflect.apply(make, undefined, [toReal(shape), ...args]), { shape, isPlain: true });

/** A constructor of schemas that only notes what is wanted. Without arguments it is the same schema each time. */
function later(make: (...args: never[]) => object, known: Known = {}): (...args: unknown[]) => object {
  let same: object | undefined;
  return (...args) => {
    if (args.length > 0) return defer(() => Reflect.apply(make, undefined, args.map(toReal)), known);
    same ??= defer(() => Reflect.apply(make, undefined, []), known);
    return same;
  };
}

const plain = { isPlain: true };

export const any = /* @__PURE__ */ later(zod.any, plain);
export const array = /* @__PURE__ */ later(zod.array, plain);
export const boolean = /* @__PURE__ */ later(zod.boolean, plain);
export const codec = /* @__PURE__ */ later(zod.codec);
export const custom = /* @__PURE__ */ later(zod.custom);
export const discriminatedUnion = /* @__PURE__ */ later(zod.discriminatedUnion);
export const email = /* @__PURE__ */ later(zod.email, plain);
export const int = /* @__PURE__ */ later(zod.int, plain);
export const intersection = /* @__PURE__ */ later(zod.intersection);
export const literal = /* @__PURE__ */ later(zod.literal, plain);
export const looseObject = /* @__PURE__ */ laterObject(zod.looseObject);
export const never = /* @__PURE__ */ later(zod.never, plain);
export const nullable = /* @__PURE__ */ later(zod.nullable);
export const number = /* @__PURE__ */ later(zod.number, plain);
export const object = /* @__PURE__ */ laterObject(zod.object);
export const pipe = /* @__PURE__ */ later(zod.pipe);
export const preprocess = /* @__PURE__ */ later(zod.preprocess);
export const record = /* @__PURE__ */ later(zod.record, plain);
export const strictObject = /* @__PURE__ */ laterObject(zod.strictObject);
export const string = /* @__PURE__ */ later(zod.string, plain);
export const templateLiteral = /* @__PURE__ */ later(zod.templateLiteral, plain);
export const transform = /* @__PURE__ */ later(zod.transform);
export const tuple = /* @__PURE__ */ later(zod.tuple, plain);
export const union = /* @__PURE__ */ later(zod.union);
export const unknown = /* @__PURE__ */ later(zod.unknown, plain);
export const url = /* @__PURE__ */ later(zod.url, plain);
export const uuid = /* @__PURE__ */ later(zod.uuid, plain);
const [ofNull, ofEnum, ofInstance] = [later(zod.null, plain), later(zod.enum, plain), later(zod.instanceof, plain)];

export { ofEnum as enum, ofInstance as instanceof, ofNull as null };

export const coerce = {
  bigint: later(zod.coerce.bigint),
  boolean: later(zod.coerce.boolean),
  date: later(zod.coerce.date),
  number: later(zod.coerce.number),
  string: later(zod.coerce.string),
};

export const iso = {
  date: later(zod.iso.date, plain),
  datetime: later(zod.iso.datetime, plain),
  time: later(zod.iso.time, plain),
  duration: later(zod.iso.duration, plain),
};

export const optional = (schema: object) => call(schema, 'optional', []);

export const lazy = (get: () => unknown) => defer(() => Reflect.apply(zod.lazy, undefined, [() => toReal(get())]));

export const toJSONSchema = (schema: unknown, options?: object) => Reflect.apply(zod.toJSONSchema, undefined, [toReal(schema), options]);
