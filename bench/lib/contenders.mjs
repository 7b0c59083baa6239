import { createPm2 } from './pm2.mjs';
import { createPromvisor } from './promvisor.mjs';

/**
 * The supervisors that take part, awake.
 * @param {ReturnType<typeof import('./scratch.mjs').createScratch>} scratch
 * @param {readonly string[] | undefined} only names of those that take part; all without it
 */
export async function wakeContenders(scratch, only) {
  const contenders = [];
  if (takesPart('pm2', only)) contenders.push(await createPm2(scratch));
  if (takesPart('promvisor', only)) contenders.push(createPromvisor(scratch));
  for (const contender of contenders) await contender.wake();
  return contenders;
}

/**
 * @param {string} name
 * @param {readonly string[] | undefined} only
 */
export function takesPart(name, only) {
  return only === undefined || only.includes(name);
}
