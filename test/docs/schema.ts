// Lists what a TypeBox schema declares, to compare it with a page of the documentation.
import { KindGuard, type TSchema } from '@sinclair/typebox';

export interface Field {
  /** Such as `resume.terminals[].commandId`. */
  path: string;
  isRequired: boolean;
  schema: TSchema;
}

/** Every field of an object schema, with the fields of nested objects and of the items of arrays. */
export function listFields(schema: TSchema, prefix = ''): Field[] {
  if (!KindGuard.IsObject(schema)) return [];
  return Object.entries(schema.properties).flatMap(([name, field]) => {
    const path = `${prefix}${name}`;
    const isRequired = !KindGuard.IsOptional(field);
    const nested = KindGuard.IsArray(field)
      ? listFields(field.items, `${path}[].`)
      : listFields(field, `${path}.`);
    return [{ path, isRequired, schema: field }, ...nested];
  });
}

/** The texts that a schema allows: of a literal, a union of literals, or an array of those. */
export function listLiterals(schema: TSchema): string[] {
  if (KindGuard.IsLiteralString(schema)) return [schema.const];
  if (KindGuard.IsUnion(schema)) return schema.anyOf.flatMap(listLiterals);
  return KindGuard.IsArray(schema) ? listLiterals(schema.items) : [];
}
