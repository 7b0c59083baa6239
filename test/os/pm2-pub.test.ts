import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createPubServer } from '../../src/daemon/pm2/pub-server.ts';
import { until } from '../support/until.ts';

test('pub.sock: nothing is made for nobody, and who does not read is cut off while others go on', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'pmv-'));
  const socket = path.join(folder, 'pub.sock');
  const heard: boolean[] = [];
  const pub = createPubServer((isHeard) => heard.push(isHeard));
  await new Promise<void>((resolve) => pub.server.listen(socket, resolve));
  onTestFinished(() => {
    pub.close();
    rmSync(folder, { recursive: true, force: true });
  });
  expect(pub.isHeard()).toBe(false);
  let bytes = 0;
  const reads = net.connect(socket).on('data', (chunk) => {
    bytes += chunk.length;
  });
  const sleeps = net.connect(socket).pause();
  let isCutOff = false;
  sleeps.on('close', () => {
    isCutOff = true;
  });
  sleeps.on('error', () => {});
  onTestFinished(() => {
    reads.destroy();
    sleeps.destroy();
  });
  const connections = () => new Promise<number>((resolve) => pub.server.getConnections((_, count) => resolve(count)));
  await until(async () => (await connections()) === 2, { what: 'both are connected' });
  const line = JSON.stringify('x'.repeat(1_000_000));
  for (let sent = 1; sent <= 12; sent++) {
    pub.publish('log:out', line);
    await until(() => bytes >= sent * line.length, { what: `line ${sent} is read` });
  }
  expect(await connections()).toBe(1);
  expect(pub.isHeard()).toBe(true);
  sleeps.resume();
  await until(() => isCutOff, { what: 'the other one has its end' });
  reads.destroy();
  await until(() => !pub.isHeard(), { what: 'nobody listens' });
  expect(heard).toEqual([true, false]);
});
