import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

const TICK_MS = 2;
/** After an answer with `Connection: close` it is the server who closes; should it forget to, the client does. */
const LINGER_MS = 1_000;
const KEPT_FAILURES = 200;
const KEPT_BODIES = 200;
const HEAD_END = '\r\n\r\n';

/**
 * Sends GET requests at a steady pace and counts what becomes of each. Nothing is ever sent twice: an answer that does
 * not come is a failure. A kept connection that the server closes while it is idle is none, if the client has seen the
 * close before it writes the next request; afterwards it is a reset.
 * @param {import('./load.d.mts').LoadOptions} options
 * @returns {import('./load.d.mts').Load}
 */
export function startLoad({ url, keepAlive, concurrency = 24, perSecond = 1_500, hungMs = 3_000 }) {
  const { protocol, hostname, port, host, pathname } = new URL(url);
  const head = `GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nConnection: ${keepAlive ? 'keep-alive' : 'close'}${HEAD_END}`;
  const slots = Array.from({ length: concurrency }, () => ({ socket: undefined, request: undefined }));
  const tally = createTally();
  const sockets = new Set();
  const begunMs = performance.now();
  let turn = 0;
  let due = 0;
  let stopped;
  const timer = setInterval(tick, TICK_MS);

  function tick() {
    const nowMs = performance.now();
    for (const slot of slots) {
      if (slot.request !== undefined && nowMs - slot.request.sentMs > hungMs)
        lose(slot, slot.socket, { kind: 'hung', message: `no answer within ${hungMs} ms` });
    }
    if (stopped !== undefined) finish();
    else {
      for (; due < ((nowMs - begunMs) * perSecond) / 1000; due += 1) send(nowMs);
    }
  }

  function send(nowMs) {
    for (let tried = 0; tried < slots.length; tried += 1) {
      turn = (turn + 1) % slots.length;
      const slot = slots[turn];
      if (slot.request !== undefined) continue;
      slot.request = { sentMs: nowMs, text: '' };
      slot.socket ??= open(slot);
      slot.socket.write(head);
      tally.requests += 1;
      return;
    }
    tally.skipped += 1;
  }

  function open(slot) {
    const to = { host: hostname, port: Number(port), noDelay: true };
    const socket = protocol === 'https:' ? connectTls({ ...to, rejectUnauthorized: false }) : connect(to);
    sockets.add(socket);
    socket.setEncoding('latin1');
    socket.on('data', (text) => take(slot, socket, text));
    socket.on('end', () => lose(slot, socket, { kind: 'reset', message: 'closed before the answer was whole' }));
    socket.on('error', (error) => lose(slot, socket, { kind: kindOf(error), message: error.message }));
    socket.on('close', () => {
      sockets.delete(socket);
      lose(slot, socket, { kind: 'reset', message: 'closed before the answer was whole' });
    });
    return socket;
  }

  /** The connection is of no more use; a request that waited on it has failed. */
  function lose(slot, socket, { kind, message }) {
    if (slot.socket !== socket) return;
    slot.socket = undefined;
    socket.destroy();
    if (slot.request === undefined) tally.closedIdle += 1;
    else tally.fail(kind, message, slot.request.sentMs - begunMs);
    slot.request = undefined;
  }

  function take(slot, socket, text) {
    if (slot.socket !== socket) return;
    if (slot.request === undefined) return lose(slot, socket, { kind: 'wrong', message: '' });
    slot.request.text += text;
    const answer = parse(slot.request.text);
    if (answer === 'more') return;
    if (answer.status === 200) tally.answer(answer.body);
    else
      tally.fail('wrong', `status ${answer.status}: ${slot.request.text.slice(0, 200)}`, slot.request.sentMs - begunMs);
    slot.request = undefined;
    if (keepAlive && !answer.close) return;
    slot.socket = undefined;
    socket.setTimeout(LINGER_MS, () => socket.destroy());
  }

  function finish() {
    if (slots.some(({ request }) => request !== undefined)) return;
    clearInterval(timer);
    for (const socket of sockets) socket.destroy();
    stopped(tally.result(performance.now() - begunMs));
  }

  return {
    get requests() {
      return tally.requests;
    },
    stop: () =>
      new Promise((resolve) => {
        stopped = resolve;
      }),
  };
}

function createTally() {
  const kinds = { refused: 0, reset: 0, wrong: 0, hung: 0, other: 0 };
  const failures = [];
  const bodies = {};
  let answered = 0;
  return {
    requests: 0,
    skipped: 0,
    closedIdle: 0,
    answer(body) {
      answered += 1;
      if (body in bodies || Object.keys(bodies).length < KEPT_BODIES) bodies[body] = (bodies[body] ?? 0) + 1;
    },
    fail(kind, message, atMs) {
      kinds[kind] += 1;
      if (failures.length < KEPT_FAILURES) failures.push({ kind, message, atMs: Math.round(atMs) });
    },
    result(elapsedMs) {
      const { requests, skipped, closedIdle } = this;
      const failed = Object.values(kinds).reduce((sum, count) => sum + count, 0);
      return { requests, answered, failed, kinds, failures, bodies, skipped, closedIdle, elapsedMs };
    },
  };
}

/** An answer that has come as a whole; the servers of the benches and tests all send Content-Length. */
function parse(text) {
  const headEnd = text.indexOf(HEAD_END);
  if (headEnd < 0) return 'more';
  const head = text.slice(0, headEnd);
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  const body = text.slice(headEnd + HEAD_END.length);
  if (body.length < length) return 'more';
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0),
    close: /\r\nconnection: *close/i.test(head),
    body: body.slice(0, length),
  };
}

function kindOf({ code }) {
  if (code === 'ECONNREFUSED') return 'refused';
  return code === 'ECONNRESET' || code === 'EPIPE' ? 'reset' : 'other';
}
