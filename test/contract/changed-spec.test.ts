import { expect, test } from 'vitest';
import { specChanger } from '../../src/daemon/changed-spec.ts';
import { plainSpec } from '../support/fleet-source.ts';

const spec = plainSpec();

test('a spec that nothing changes is the same object', async () => {
  expect((await specChanger({}))(spec)).toBe(spec);
});

test('changes are laid over the parts of a spec, variables over its own', async () => {
  const changes = { policy: { maxRestarts: 3 }, limits: { maxMemoryBytes: 5 } };
  const changed = (await specChanger({ env: { NEW: '1' }, changes }))(spec);
  expect(changed).toEqual({
    ...spec,
    process: { ...spec.process, env: { ...spec.process.env, NEW: '1' } },
    policy: { ...spec.policy, maxRestarts: 3 },
    limits: { maxMemoryBytes: 5 },
  });
});

test('what no app can be like is refused by name', async () => {
  const refused = async (changes: Record<string, Record<string, unknown>>) => {
    const change = await specChanger({ changes });
    expect(() => change(spec)).toThrow(expect.objectContaining({ code: 'REQUEST_INVALID' }));
  };
  await refused({ policy: { maxRestarts: 'many' } });
  await refused({ policy: { unheardOf: 1 } });
  await refused({ nothing: { a: 1 } });
  await refused({ name: { a: 1 } });
});
