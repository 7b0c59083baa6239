import { createServer, type Server } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { untilStatus } from '../support/apps.ts';
import { fixture } from '../support/cli.ts';
import { type TestHome, testHome } from '../support/test-home.ts';
import { until } from '../support/until.ts';

const UNUSABLE = { daemonFails: true };

function settings(home: TestHome, value: unknown): void {
  home.write('../home/settings.json', typeof value === 'string' ? value : JSON.stringify(value));
}

async function refusal(home: TestHome): Promise<string> {
  const { code, stdout, stderr } = await home.run(['start', fixture('waits.sh')]);
  expect([1, 2]).toContain(code);
  expect(home.processes()).toEqual([]);
  return stdout + stderr;
}

describe('settings', () => {
  test('a bad value is refused with its file, key, value and what was expected', async () => {
    const home = testHome({}, UNUSABLE);
    settings(home, { log: { retain: 'many' } });
    const words = await refusal(home);
    for (const word of ['settings.json', 'log.retain', 'many']) expect(words).toContain(word);
  });

  test('an unknown key is refused with the one that was meant', async () => {
    const home = testHome({}, UNUSABLE);
    settings(home, { http: { lisen: '127.0.0.1:0' } });
    const words = await refusal(home);
    expect(words).toContain('http.lisen');
    expect(words).toContain('listen');
  });

  test('a file that is no JSON and a bad variable are refused by name', async () => {
    const home = testHome({}, UNUSABLE);
    settings(home, '{ "http": ');
    expect(await refusal(home)).toContain('settings.json');
    const other = testHome({ PROMVISOR_HTTP_LISTEN: 'everywhere' }, UNUSABLE);
    const words = await refusal(other);
    expect(words).toContain('PROMVISOR_HTTP_LISTEN');
    expect(words).toContain('everywhere');
  });

  test('a variable wins over the file', async () => {
    const home = testHome({ PROMVISOR_HTTP_LISTEN: 'off' });
    settings(home, { http: { listen: '127.0.0.1:0' } });
    await home.ok(['start', fixture('waits.sh')]);
    expect((await home.ping()).http).toMatchObject({ listen: null, address: null, error: null });
  });
});

describe('a port in use', () => {
  test('is reported, tried again, and never in the way of the apps', async () => {
    const { server, port } = await occupied();
    const home = testHome({ PROMVISOR_HTTP_LISTEN: `127.0.0.1:${port}` });
    await home.ok(['start', fixture('waits.sh'), '--name', 'app']);
    await untilStatus(home, 'app', 'running');
    const { http } = await until(async () => (await home.ping()).http.error && home.ping(), { what: 'the error' });
    expect(http).toMatchObject({ listen: `127.0.0.1:${port}`, address: null });
    expect(http.error).toMatch(/in use|EADDRINUSE/);
    const list = await home.ok(['list']);
    expect(list.stdout + list.stderr).toContain(String(port));
    await close(server);
    await until(async () => (await home.ping()).http.address === `127.0.0.1:${port}`, {
      what: 'bound after all',
      timeoutMs: 40_000,
    });
    expect((await home.http('/healthz')).status).toBe(200);
  });
});

async function occupied(): Promise<{ server: Server; port: number }> {
  // Nobody has business here; whoever comes all the same must not hold up its end.
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => close(server));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a TCP address');
  return { server, port: address.port };
}

async function close(server: Server): Promise<void> {
  if (server.listening) await new Promise((resolve) => server.close(resolve));
}
