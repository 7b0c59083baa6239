import { describe, expect, test } from 'vitest';
import { createFindings } from '../../src/config/findings.ts';
import { type Accounts, type Identity, identityOf } from '../../src/config/identity.ts';
import { readApp } from '../../src/config/read-app.ts';

const ACCOUNTS: Accounts = {
  isRoot: true,
  passwd: 'root:x:0:0:root:/root:/bin/sh\ndeploy:x:1001:1002::/home/deploy:/bin/sh\n0099:x:7:7::/:/bin/false\n',
  group: 'root:x:0:\ndeploy:x:1002:\nwww:x:33:deploy\n',
};

const DEPLOY = { HOME: '/home/deploy', USER: 'deploy', LOGNAME: 'deploy' };

function identify(app: object, accounts: Accounts): { identity: Identity; told: readonly string[] } {
  const findings = createFindings('x.json');
  const reporter = findings.about({ name: 'web', number: 1 });
  const identity = identityOf(readApp({ raw: { script: 'a.js', ...app }, overrides: {}, reporter }), accounts);
  return {
    identity,
    told: [
      ...findings.problems.map(({ message }) => message),
      ...findings.remarks.filter(({ level }) => level === 'warning').map(({ message }) => message),
    ],
  };
}

describe('whom an app runs as', () => {
  test.each([
    [{}, { uid: null, gid: null, variables: {} }],
    [{ uid: 'deploy' }, { uid: 1001, gid: 1002, variables: DEPLOY }],
    [
      { user: 'deploy', gid: 'www' },
      { uid: 1001, gid: 33, variables: DEPLOY },
    ],
    [{ uid: 1001 }, { uid: 1001, gid: 1002, variables: DEPLOY }],
    [
      { uid: '1001', gid: 5 },
      { uid: 1001, gid: 5, variables: DEPLOY },
    ],
    [{ gid: 33 }, { uid: null, gid: 33, variables: {} }],
  ])('%j', (app, identity) => expect(identify(app, ACCOUNTS)).toEqual({ identity, told: [] }));

  test('names that nobody has are refused', () => {
    expect(identify({ uid: 'nemo', gid: 'nothing' }, ACCOUNTS).told).toEqual([
      'uid: expected a user of /etc/passwd, or a number, got "nemo" (x.json, app "web")',
      'gid: expected a group of /etc/group, or a number, got "nothing" (x.json, app "web")',
    ]);
  });

  test('a number without an entry keeps the group, and says so', () => {
    const { identity, told } = identify({ uid: 4242 }, ACCOUNTS);
    expect(identity).toEqual({ uid: 4242, gid: null, variables: {} });
    expect(told).toEqual([expect.stringContaining('uid 4242 is not in /etc/passwd and no gid is given')]);
  });

  test('only root may set them', () => {
    const { told } = identify({ user: 'deploy' }, { ...ACCOUNTS, isRoot: false });
    expect(told).toEqual([
      'user: expected no user and no group, as only root may set them, got "deploy" (x.json, app "web")',
    ]);
  });
});
