console.log('worker', process.argv.slice(2).join(' '));
console.error('worker warns');
process.on('SIGUSR2', () => {});
setInterval(() => {}, 1000);
