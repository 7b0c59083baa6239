import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Answer, answersOf } from '../pm2/compare.ts';

const FOLDER = new URL('../pm2/', import.meta.url);

/** What a real PM2 answers to the lines of a script: test/pm2/make-goldens.mjs. */
export function goldenAnswers(script: string): Answer[] {
  return answersOf(readFileSync(new URL(`golden/${script}.txt`, FOLDER), 'utf8'));
}

/** Keys of ecosystem files, in snake_case, that an app of the scripts has. */
export function keysTried(): ReadonlySet<string> {
  const files = ['attributes.config.cjs', 'users.json'];
  const require = createRequire(FOLDER);
  const apps = files.flatMap((file) => {
    const { apps: list } = require(`./apps/${file}`) as { apps: readonly Readonly<Record<string, unknown>>[] };
    return list;
  });
  const snakeCase = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return new Set(apps.flatMap((app) => Object.keys(app).map(snakeCase)));
}
