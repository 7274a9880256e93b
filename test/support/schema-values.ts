// Generators of values that match a schema, and of values that almost do.
import { type TSchema, type TString, TypeGuard } from '@sinclair/typebox';
import * as fc from 'fast-check';

/** Generates values that match a schema of messages. Most texts and lists are short. */
export function valuesOf(schema: TSchema): fc.Arbitrary<unknown> {
  if (TypeGuard.IsLiteral(schema)) return fc.constant(schema.const);
  if (TypeGuard.IsBoolean(schema)) return fc.boolean();
  if (TypeGuard.IsNull(schema)) return fc.constant(null);
  if (TypeGuard.IsUnion(schema)) return fc.oneof(...schema.anyOf.map(valuesOf));
  if (TypeGuard.IsString(schema)) return textsOf(schema);
  if (TypeGuard.IsInteger(schema)) return fc.maxSafeInteger().map((value) => clamp(value, schema));
  if (TypeGuard.IsNumber(schema)) {
    return fc.double({ noNaN: true }).map((value) => clamp(value, schema));
  }
  if (TypeGuard.IsArray(schema)) {
    const { items, minItems = 0, maxItems = 8 } = schema;
    return fc.array(valuesOf(items), { minLength: minItems, maxLength: Math.min(maxItems, 8) });
  }
  if (TypeGuard.IsObject(schema)) {
    const { properties, required = [] } = schema;
    const fields = Object.entries(properties).map(([name, field]) => [name, valuesOf(field)]);
    return fc.record(Object.fromEntries(fields) as Record<string, fc.Arbitrary<unknown>>, {
      requiredKeys: required,
      noNullPrototype: true,
    });
  }
  if (TypeGuard.IsRecord(schema)) {
    const values = Object.values(schema.patternProperties).map(valuesOf);
    const names = fc.string({ maxLength: 20, unit: 'grapheme-ascii' });
    return fc.dictionary(names, fc.oneof(...values), { maxKeys: 8, noNullPrototype: true });
  }
  throw new Error(`Cannot generate values of ${JSON.stringify(schema)}.`);
}

function textsOf({ minLength = 0, maxLength = 40, pattern }: TString): fc.Arbitrary<string> {
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern));
  const short = fc.string({ minLength, maxLength: Math.min(maxLength, 40), unit: 'grapheme' });
  const longest = fc.constant('x'.repeat(maxLength));
  return fc.oneof({ arbitrary: short, weight: 9 }, longest).map((text) => text.slice(0, maxLength));
}

function clamp(value: number, { minimum = -Infinity, maximum = Infinity }: TSchema): number {
  return Math.min(Math.max(value, Number(minimum)), Number(maximum));
}

/** What replaces a part of a value. */
const replacements: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(null, '', 'x'.repeat(9_000), 1e308, -1, 0.5, Number.MAX_SAFE_INTEGER + 1, [], {}),
  fc.constant('__proto__'),
);

/** Generates values with one part that is replaced or removed, or with a field that does not belong there. */
export function mutationsOf(values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const change = fc.constantFrom('replace', 'remove', 'add');
  return fc
    .tuple(values, fc.nat(), change, replacements)
    .map(([value, position, kind, replacement]) => {
      const copy: unknown = structuredClone(value);
      const places = listPlaces(copy);
      const [container, key] = places[position % places.length] ?? [{}, ''];
      if (kind === 'replace') container[key] = replacement;
      else if (kind === 'remove') Reflect.deleteProperty(container, key);
      else container[`${key}x`] = replacement;
      return copy;
    });
}

type Place = [container: Record<string, unknown>, key: string];

/** Lists every field and every element of a value, at any depth. */
function listPlaces(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, part]): Place[] => [
    [value as Record<string, unknown>, key],
    ...listPlaces(part),
  ]);
}
