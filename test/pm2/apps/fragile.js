// The new version of it is broken.
if (require('node:fs').existsSync('broken')) throw new Error('this version is broken');
require('node:http').createServer().listen(0, '127.0.0.1');
