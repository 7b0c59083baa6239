const server = require('node:http').createServer((_, answer) => answer.end('api'));
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => console.log('api is up'));
