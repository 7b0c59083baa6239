console.log('echo is up', process.env.STAGE ?? '');
process.stdin.on('data', (text) => console.log('got', String(text).trim()));
process.on('message', (message) => console.log('message', JSON.stringify(message)));
process.on('SIGUSR2', () => console.log('signal'));
setInterval(() => {}, 1000);
