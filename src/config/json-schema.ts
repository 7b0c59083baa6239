import * as z from 'zod/mini';
import { FILE_KEYS, spellingsOf } from './keys.ts';
import { ATTRIBUTE_KEYS, ATTRIBUTES, type AttributeKey } from './schema.ts';

type JsonSchema = Record<string, unknown>;

/**
 * JSON Schema of an ecosystem file, for editors: `{ apps: [...] }`, a list of apps, or one app.
 * @returns draft 2020-12
 */
export function ecosystemJsonSchema(): JsonSchema {
  const app = { $ref: '#/$defs/app' };
  const apps = { type: 'array', items: app, minItems: 1 };
  const free = { description: 'Read by PM2 only.' };
  const fileKeys = Object.fromEntries(FILE_KEYS.map((key) => [key, free]));
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Ecosystem file of promvisor',
    anyOf: [
      {
        type: 'object',
        properties: { ...fileKeys, $schema: { type: 'string' }, apps: { description: 'The apps.', ...apps } },
        required: ['apps'],
      },
      apps,
      app,
    ],
    $defs: { app: appJsonSchema() },
  };
}

function appJsonSchema(): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  for (const [spelling, key] of spellingsOf(ATTRIBUTE_KEYS)) {
    properties[spelling] = key === null ? { description: 'PM2: accepted, no effect.' } : spelledSchema(spelling, key);
  }
  const scripts = [...spellingsOf(['script'])].filter(([, key]) => key !== null).map(([spelling]) => spelling);
  return {
    type: 'object',
    properties,
    patternProperties: { '^env_': { ...attributeJsonSchema('env'), description: 'Laid over env by --env NAME.' } },
    anyOf: scripts.map((spelling) => ({ type: 'object', required: [spelling] })),
    additionalProperties: false,
  };
}

function spelledSchema(spelling: string, key: AttributeKey): JsonSchema {
  const schema = attributeJsonSchema(key);
  return spelling === key ? schema : { ...schema, description: `Same as ${key}. ${ATTRIBUTES[key].about}` };
}

/** What may be written for one attribute. */
function attributeJsonSchema(key: AttributeKey): JsonSchema {
  const { type, about } = ATTRIBUTES[key];
  const { $schema: _, ...schema } = z.toJSONSchema(type, { io: 'input' });
  return { description: about, ...schema };
}
