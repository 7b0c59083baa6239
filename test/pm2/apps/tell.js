// What it was given, as idle.sh tells it.
console.log('arguments:', process.argv.slice(2).join(' '));
console.log('node:', process.execArgv.filter((flag) => !/agent|source-maps|require|import/.test(flag)).join(' '));
console.log('folder:', process.cwd());
process.send?.('ready');
setInterval(() => {}, 1000);
