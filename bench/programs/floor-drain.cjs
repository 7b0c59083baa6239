// The floor of a drain: the least that lets an app without any handler go while it is loaded. Told 'drain' it stops to
// accept, answers what is under way with `Connection: close`, closes what is idle later than that, and exits.
const http = require('node:http');
const net = require('node:net');

const GRACE_MS = 1_000;
const LOOK_MS = 20;
const servers = new Set();
let draining = false;

const emit = http.Server.prototype.emit;
http.Server.prototype.emit = function (event, ...args) {
  if (event === 'listening') servers.add(this);
  if (event === 'request' && draining) args[1].setHeader('Connection', 'close');
  return emit.call(this, event, ...args);
};

process.on('message', (what) => {
  if (what !== 'drain') return;
  draining = true;
  let open = servers.size;
  // Not http.Server's close: that closes idle connections at once, on some of which a request is on its way.
  for (const server of servers) net.Server.prototype.close.call(server, () => (open -= 1));
  setTimeout(() => {
    for (const server of servers) server.closeIdleConnections();
  }, GRACE_MS);
  setInterval(() => {
    if (open === 0) process.exit(0);
  }, LOOK_MS);
});
