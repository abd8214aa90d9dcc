/** What the page reads of a JSON Schema (2020-12). */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
}

export interface KeyLine {
  readonly path: string;
  readonly type: string;
  /** Its value where it is left out. */
  readonly preset: string;
  readonly meaning: string;
}

/** Every key of the configuration, a line each; lists are written as `key[]`. */
export function keysOf(schema: JsonSchema): readonly KeyLine[] {
  const lines = walk(schema, '');
  const seen = new Set<string>();
  return lines.filter(({ path, type }) => {
    const isNew = !seen.has(`${path} ${type}`);
    seen.add(`${path} ${type}`);
    return isNew;
  });
}

function walk(schema: JsonSchema, path: string): readonly KeyLine[] {
  const choices = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  if (choices.length > 0) return choices.flatMap((one) => walk(one, path));
  if (schema.items !== undefined && isDeep(schema.items)) return walk(schema.items, `${path}[]`);
  if (schema.properties === undefined) return [line(schema, path)];
  return Object.entries(schema.properties).flatMap(([key, inner]) =>
    walk(inner, path === '' ? key : `${path}.${key}`),
  );
}

function isDeep(schema: JsonSchema): boolean {
  return schema.properties !== undefined || schema.anyOf !== undefined || schema.oneOf !== undefined;
}

function line(schema: JsonSchema, path: string): KeyLine {
  const one = schema.items ?? schema;
  const allowed = one.enum?.map(String).join(', ') ?? one.const;
  return {
    path: schema.items === undefined ? path : `${path}[]`,
    type: allowed ?? one.type ?? '',
    preset: schema.default === undefined ? '' : JSON.stringify(schema.default),
    meaning: schema.description ?? '',
  };
}
