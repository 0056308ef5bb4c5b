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

// Not jitless, zod makes code from text for each schema, once it is used.
zod.config({ jitless: true, localeError: inWords });

const real = Symbol('the schema itself');

/** Methods that return another schema and need nothing to be known of this one. */
const deriving = new Set<PropertyKey>(
  `and array brand catch catchall check clone default describe exactOptional extend loose merge meta nonoptional nullable nullish omit optional or overwrite
  partial passthrough pick pipe prefault readonly refine required safeExtend strict strip superRefine transform
  email endsWith gt gte includes int length lt lte max min multipleOf negative nonempty nonnegative normalize positive regex startsWith toLowerCase
  toUpperCase trim url`.split(/\s+/),
);

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

/** A schema that is wanted, and once it was asked for something, the schema. */
class Wanted {
  #make: (() => object) | undefined;
  #schema: object | undefined;
  #optional: object | undefined;
  /** What an object is made of, which is known before it is made. */
  readonly shape: object | undefined;

  constructor(make: () => object, shape: object | undefined) {
    this.#make = make;
    this.shape = shape;
  }

  /** The same for everybody who asks: a third of all schemas is an optional text. */
  optional(): object {
    this.#optional ??= defer(() => call(this.get(), 'optional', []));
    return this.#optional;
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
    if (deriving.has(name)) return (...args: unknown[]) => defer(() => call(wanted.get(), name, args), toShape(wanted.shape, name, args));
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

function defer(make: () => object, shape?: object): object {
  return new Proxy(new Wanted(make, shape), standIn);
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
    defer(() => Reflect.apply(make, undefined, [toReal(shape), ...args]), shape);

/** A constructor of schemas that only notes what is wanted. Without arguments it is the same schema each time. */
function later(make: (...args: never[]) => object): (...args: unknown[]) => object {
  let plain: object | undefined;
  return (...args) => {
    if (args.length > 0) return defer(() => Reflect.apply(make, undefined, args.map(toReal)));
    plain ??= defer(() => Reflect.apply(make, undefined, []));
    return plain;
  };
}

export const any = /* @__PURE__ */ later(zod.any);
export const array = /* @__PURE__ */ later(zod.array);
export const boolean = /* @__PURE__ */ later(zod.boolean);
export const codec = /* @__PURE__ */ later(zod.codec);
export const custom = /* @__PURE__ */ later(zod.custom);
export const discriminatedUnion = /* @__PURE__ */ later(zod.discriminatedUnion);
export const email = /* @__PURE__ */ later(zod.email);
export const int = /* @__PURE__ */ later(zod.int);
export const intersection = /* @__PURE__ */ later(zod.intersection);
export const literal = /* @__PURE__ */ later(zod.literal);
export const looseObject = /* @__PURE__ */ laterObject(zod.looseObject);
export const never = /* @__PURE__ */ later(zod.never);
export const nullable = /* @__PURE__ */ later(zod.nullable);
export const number = /* @__PURE__ */ later(zod.number);
export const object = /* @__PURE__ */ laterObject(zod.object);
export const optional = /* @__PURE__ */ later(zod.optional);
export const pipe = /* @__PURE__ */ later(zod.pipe);
export const preprocess = /* @__PURE__ */ later(zod.preprocess);
export const record = /* @__PURE__ */ later(zod.record);
export const strictObject = /* @__PURE__ */ laterObject(zod.strictObject);
export const string = /* @__PURE__ */ later(zod.string);
export const templateLiteral = /* @__PURE__ */ later(zod.templateLiteral);
export const transform = /* @__PURE__ */ later(zod.transform);
export const tuple = /* @__PURE__ */ later(zod.tuple);
export const union = /* @__PURE__ */ later(zod.union);
export const unknown = /* @__PURE__ */ later(zod.unknown);
export const url = /* @__PURE__ */ later(zod.url);
export const uuid = /* @__PURE__ */ later(zod.uuid);
const [ofNull, ofEnum, ofInstance] = [later(zod.null), later(zod.enum), later(zod.instanceof)];

export { ofEnum as enum, ofInstance as instanceof, ofNull as null };

export const coerce = {
  bigint: later(zod.coerce.bigint),
  boolean: later(zod.coerce.boolean),
  date: later(zod.coerce.date),
  number: later(zod.coerce.number),
  string: later(zod.coerce.string),
};

export const iso = {
  date: later(zod.iso.date),
  datetime: later(zod.iso.datetime),
  time: later(zod.iso.time),
  duration: later(zod.iso.duration),
};

export const lazy = (get: () => unknown) => defer(() => Reflect.apply(zod.lazy, undefined, [() => toReal(get())]));

export const toJSONSchema = (schema: unknown, options?: object) => Reflect.apply(zod.toJSONSchema, undefined, [toReal(schema), options]);
