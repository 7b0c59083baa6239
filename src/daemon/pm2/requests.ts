/** What PM2's clients send: parsed once, here. */
type Json = Readonly<Record<string, unknown>>;

/** Ids come as numbers and as text, alone or in an object. */
export function idOf(value: unknown): number {
  const given = isObject(value) ? (value['id'] ?? value['pm_id'] ?? value['process_id']) : value;
  const id = typeof given === 'string' && /^\d{1,9}$/.test(given) ? Number(given) : given;
  if (typeof id === 'number' && Number.isSafeInteger(id)) return id;
  throw new TypeError(`id: expected a whole number, got ${JSON.stringify(given) ?? 'nothing'}`);
}

/**
 * A field of text.
 * @throws TypeError naming it
 */
export function textOf(value: unknown, key: string): string {
  const text = isObject(value) ? value[key] : undefined;
  if (typeof text === 'string') return text;
  throw new TypeError(`${key}: expected text, got ${JSON.stringify(text) ?? 'nothing'}`);
}

/**
 * The variables that a client lays over those of an app: nothing without `updateEnv`, as only its configuration is
 * there then.
 * @param value the argument of restartProcessId or reloadProcessId
 * @returns undefined where there are none
 */
export function envOf(value: unknown): Readonly<Record<string, string>> | undefined {
  const env = isObject(value) ? value['env'] : undefined;
  if (!isObject(env)) return undefined;
  const { current_conf: conf, ...plain } = env;
  const own = isObject(conf) && isObject(conf['env']) ? conf['env'] : {};
  const variables = Object.entries({ ...plain, ...own }).flatMap(([name, variable]) =>
    ['string', 'number', 'boolean'].includes(typeof variable) ? [[name, String(variable)] as const] : [],
  );
  return variables.length === 0 ? undefined : Object.fromEntries(variables);
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
