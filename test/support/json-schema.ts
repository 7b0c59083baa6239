type Schema = Readonly<Record<string, unknown>>;

/** Keywords that say nothing about a value. */
const SILENT = new Set(['$schema', '$defs', 'title', 'description', 'default']);

/**
 * Checks a value against a JSON Schema: the keywords that ours uses, and an error for any other.
 * @param root the whole schema, with `$defs`
 * @param value plain data
 * @returns true when the schema accepts it
 */
export function schemaAccepts(root: Schema, value: unknown): boolean {
  const holds = (schema: Schema, at: unknown): boolean =>
    Object.entries(schema).every(([keyword, rule]) => SILENT.has(keyword) || keywordHolds(keyword, rule, schema, at));

  function keywordHolds(keyword: string, rule: unknown, schema: Schema, at: unknown): boolean {
    switch (keyword) {
      case '$ref':
        return holds(definition(root, String(rule)), at);
      case 'anyOf':
        return schemasIn(rule).some((option) => holds(option, at));
      case 'type':
        return [rule].flat().some((type) => isOfType(at, String(type)));
      case 'enum':
        return (rule as unknown[]).includes(at); // `enum` holds a list
      case 'const':
        return rule === at;
      case 'minimum':
        return typeof at !== 'number' || at >= Number(rule);
      case 'maximum':
        return typeof at !== 'number' || at <= Number(rule);
      case 'minLength':
        return typeof at !== 'string' || at.length >= Number(rule);
      case 'maxLength':
        return typeof at !== 'string' || at.length <= Number(rule);
      case 'pattern':
        return typeof at !== 'string' || new RegExp(String(rule), 'u').test(at);
      case 'minItems':
        return !Array.isArray(at) || at.length >= Number(rule);
      case 'maxItems':
        return !Array.isArray(at) || at.length <= Number(rule);
      case 'items':
        return !Array.isArray(at) || at.every((item) => holds(asSchema(rule), item));
      case 'required':
        return !isObject(at) || [rule].flat().every((key) => Object.hasOwn(at, String(key)));
      case 'propertyNames':
        return !isObject(at) || Object.keys(at).every((key) => holds(asSchema(rule), key));
      case 'properties':
      case 'patternProperties':
      case 'additionalProperties':
        return !isObject(at) || Object.entries(at).every(([key, member]) => memberHolds(schema, key, member));
      default:
        throw new Error(`expected a keyword that is known here, got "${keyword}"`);
    }
  }

  function memberHolds(schema: Schema, key: string, member: unknown): boolean {
    const named = asSchema(schema['properties'] ?? {});
    const patterns = Object.entries(asSchema(schema['patternProperties'] ?? {}));
    const rules = patterns.filter(([pattern]) => new RegExp(pattern, 'u').test(key)).map(([, rule]) => rule);
    if (Object.hasOwn(named, key)) rules.push(named[key]);
    if (rules.length > 0) return rules.every((rule) => holds(asSchema(rule), member));
    const others = schema['additionalProperties'] ?? true;
    return typeof others === 'boolean' ? others : holds(asSchema(others), member);
  }

  return holds(root, value);
}

function definition(root: Schema, ref: string): Schema {
  const [, name = ''] = /^#\/\$defs\/(\w+)$/.exec(ref) ?? [];
  return asSchema(asSchema(root['$defs'])[name]);
}

function schemasIn(value: unknown): readonly Schema[] {
  return [value].flat().map(asSchema);
}

function asSchema(value: unknown): Schema {
  if (isObject(value)) return value;
  throw new Error(`expected a schema, got ${JSON.stringify(value)}`);
}

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isOfType(value: unknown, type: string): boolean {
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isObject(value);
  return type === 'null' ? value === null : typeof value === type;
}
