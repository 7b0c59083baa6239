import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { StartRequest } from '../../src/api/contract.ts';
import { ownEnv, shareEnv } from '../../src/api/shared-env.ts';
import { plainSpec } from '../support/fleet-source.ts';

const names = fc.constantFrom('PATH', 'HOME', 'A', '__proto__x', 'constructor');
const envs = fc.array(fc.dictionary(names, fc.constantFrom('', '1', '2')), { minLength: 1, maxLength: 5 });

test('what is shared and owned again is the same request, and no variable is sent for each app that all have', () => {
  const spec = plainSpec();
  fc.assert(
    fc.property(envs, (given) => {
      const apps = given.map((env) => ({ ...spec, process: { ...spec.process, env } }));
      const request: StartRequest = { apps, onExisting: 'restart' };
      const shared = shareEnv(request);
      expect(ownEnv(shared)).toEqual(request);
      const [first = {}, ...others] = shared.apps.map(({ process }) => process.env);
      const repeated = Object.entries(first).filter(([name, value]) => others.every((env) => env[name] === value));
      if (others.length > 0) expect(repeated).toEqual([]);
    }),
  );
});
