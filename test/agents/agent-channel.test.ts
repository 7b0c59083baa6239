import { beforeAll, describe, expect, test } from 'vitest';
import { agentBench } from '../support/agent-apps.ts';
import { bundleAgent } from '../support/agent-bundle.ts';
import { until } from '../support/until.ts';

let agent = '';
beforeAll(async () => {
  agent = await bundleAgent();
});

describe('the channel of a process that has none of child_process', () => {
  test('carries messages both ways, as JSON', async () => {
    const { daemon, start } = await agentBench(agent);
    const app = start(
      `
      process.on('message', (message, handle) => console.log('got ' + JSON.stringify([message, handle === undefined])));
      process.send({ a: [1, undefined], at: new Date(0) });
      process.send('ready', (error) => console.log('sent ' + error));
      console.log('is ' + JSON.stringify([process.connected, typeof process.channel.unref, process.env.NODE_CHANNEL_FD]));
    `,
      { ipc: false },
    );
    expect(await daemon.untilHeard('message', 2)).toEqual([
      { type: 'message', message: { a: [1, null], at: '1970-01-01T00:00:00.000Z' } },
      { type: 'message', message: 'ready' },
    ]);
    expect(await app.untilSays('sent')).toBe('null');
    expect(await app.untilSays('is')).toBe('[true,"function",null]');
    daemon.say({ type: 'message', message: { go: true } });
    expect(await app.untilSays('got')).toBe('[{"go":true},true]');
  });

  test('outlives the daemon: nothing is thrown, nobody hears of it, and what was sent meanwhile comes to the next', async () => {
    const { daemon, start, write } = await agentBench(agent);
    const app = start(
      `
      process.on('disconnect', () => process.exit(9));
      process.on('message', (message) => {
        console.log('got ' + message);
        if (message !== 'now') return;
        process.send('one');
        process.send('two', () => console.log('told'));
      });
      require('node:fs').watch('.', (_, name) => name === 'speak' && process.emit('message', 'now'));
    `,
      { ipc: false },
    );
    await daemon.untilHeard('hello');
    await daemon.stop();
    write('speak', '');
    await app.untilSays('got');
    expect(daemon.heard.some(({ type }) => type === 'message')).toBe(false);
    await daemon.start();
    const heard = await daemon.untilHeard('message', 2);
    expect(heard.slice(0, 2).map(({ message }) => message)).toEqual(['one', 'two']);
    daemon.say({ type: 'message', message: 'again' });
    await until(() => app.stdout().includes('got again'), { what: 'a message after the daemon is back' });
    expect(app.child.exitCode).toBeNull();
  });

  test.each([
    ['nothing', '', 0],
    ['a listener for message', "process.on('message', () => {})", null],
    ['a listener that is gone again', "const f = () => {}; process.on('message', f); process.off('message', f)", 0],
    ['a listener, and the channel let go', "process.on('message', () => {}); process.channel.unref()", 0],
    ['a listener, and disconnect', "process.on('message', () => {}); process.disconnect()", 0],
    ['a listener for disconnect', "process.on('disconnect', () => {})", null],
    ['a message that was sent', "process.send('bye')", 0],
  ])('keeps an app with %s alive as child_process does', async (_name, source, code) => {
    const { daemon, start } = await agentBench(agent);
    const app = start(`${source}; setTimeout(() => console.log('past 300'), 300).unref(); console.log('up')`, {
      ipc: false,
    });
    if (code === null) expect(await app.untilSays('past')).toBe('300');
    else expect((await app.ended).code).toBe(code);
    if (source.includes('bye')) expect(await daemon.untilHeard('message')).toHaveLength(1);
  });

  test('says what cannot be sent as child_process does', async () => {
    const { start } = await agentBench(agent);
    const { stdout, code } = await start(
      `
      const tries = [() => process.send(), () => process.send(() => {}), () => process.send('x', { fd: 1 })];
      for (const one of tries) try { one(); console.log('sent'); } catch (error) { console.log(error.name + ' ' + error.code); }
      process.on('disconnect', () => console.log('disconnected ' + process.connected));
      process.disconnect();
      console.log(process.send('late', (error) => console.log('late ' + error.code)));
    `,
      { ipc: false },
    ).ended;
    expect(stdout.trim().split('\n')).toEqual([
      'TypeError ERR_MISSING_ARGS',
      'TypeError ERR_INVALID_ARG_TYPE',
      'TypeError ERR_INVALID_HANDLE_TYPE',
      'false',
      'disconnected false',
      'late ERR_IPC_CHANNEL_CLOSED',
    ]);
    expect(code).toBe(0);
  });
});
