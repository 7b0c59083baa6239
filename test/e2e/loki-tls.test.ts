import { describe, expect, onTestFinished, test } from 'vitest';
import type { LokiStatusView, LokiTestView } from '../../src/api/loki-views.ts';
import { testFolder } from '../support/instance-logs.ts';
import { startLoki } from '../support/loki.ts';
import { type TestHome, testHome } from '../support/test-home.ts';
import { makeTlsAuthority } from '../support/tls-authority.ts';
import { until } from '../support/until.ts';

async function lokiOverTls() {
  const folder = testFolder();
  const authority = makeTlsAuthority(folder, 'right');
  const double = await startLoki(0, { ...authority.issue('loki'), clientCa: authority.ca });
  onTestFinished(() => double.kill());
  return { double, authority, folder };
}

/** A home whose daemon ships what an app says, with these variables. */
async function shippingHome(env: Readonly<Record<string, string>>): Promise<TestHome> {
  const home = testHome(env);
  home.write('says.cjs', "console.log('one'); setInterval(() => {}, 1000);");
  await home.ok(['start', 'says.cjs', '--name', 'api']);
  return home;
}

const statusOf = async (home: TestHome) =>
  JSON.parse((await home.ok(['loki', 'status', '--json'])).stdout) as LokiStatusView;

describe('Loki over TLS', () => {
  test('with an authority of its own and a certificate for the client', async () => {
    const { double, authority } = await lokiOverTls();
    const client = authority.issue('client');
    const home = await shippingHome({
      PROMVISOR_LOKI_URL: double.url,
      PROMVISOR_LOKI_TLS_CA: authority.ca,
      PROMVISOR_LOKI_TLS_CERT: client.cert,
      PROMVISOR_LOKI_TLS_KEY: client.key,
    });
    await until(() => double.lines().includes('one'), { what: 'the line in Loki' });
    const tested = JSON.parse((await home.ok(['loki', 'test', '--json'])).stdout) as LokiTestView;
    expect(tested).toMatchObject({ ok: true, status: 204, url: `${double.url}/loki/api/v1/push` });
    expect(await statusOf(home)).toMatchObject({ sentEntries: 1, lastError: null });
  });

  test.each(['another authority', 'no authority', 'no certificate for the client'])('%s', async (what) => {
    const { double, authority, folder } = await lokiOverTls();
    const client = authority.issue('client');
    const home = await shippingHome({
      PROMVISOR_LOKI_URL: double.url,
      ...(what === 'another authority' ? { PROMVISOR_LOKI_TLS_CA: makeTlsAuthority(folder, 'wrong').ca } : {}),
      ...(what.startsWith('no certificate')
        ? { PROMVISOR_LOKI_TLS_CA: authority.ca }
        : { PROMVISOR_LOKI_TLS_CERT: client.cert, PROMVISOR_LOKI_TLS_KEY: client.key }),
    });
    const words = what.startsWith('no certificate') ? /loki\.tls_cert/ : /certificate.*loki\.tls_ca/;
    const tested = await home.run(['loki', 'test', '--json']);
    expect(tested.code).toBe(1);
    expect(JSON.parse(tested.stdout)).toMatchObject({ ok: false, status: null, error: expect.stringMatching(words) });
    const { lastError } = await until(
      async () => {
        const status = await statusOf(home);
        return status.lastError === null ? null : status;
      },
      { what: 'an error' },
    );
    expect(lastError?.message).toMatch(words);
    expect((await home.ok(['loki', 'status'])).stdout.replaceAll(/\s+/g, ' ')).toMatch(words);
    expect(double.lines()).toEqual([]);
  });
});
