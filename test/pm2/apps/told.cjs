// Prints what each app has written: node told.cjs, from `pm2 jlist`. Waits until each has written something.
const { existsSync, readFileSync } = require('node:fs');
const texts = [];
const read = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : '');
process.stdin.on('data', (text) => texts.push(text));
process.stdin.on('end', async () => {
  const apps = JSON.parse(Buffer.concat(texts).toString());
  for (const { name, pm2_env: env } of apps.sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)))) {
    if (env.status !== 'online' || env.disable_logs || !/(?:idle.sh|tell.js)$/.test(env.pm_exec_path)) continue;
    const end = Date.now() + 5000;
    while (!read(env.pm_out_log_path).includes('folder:') && Date.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    console.log(`${name}:`);
    for (const line of read(env.pm_out_log_path).split('\n').filter(Boolean)) console.log(`  ${line}`);
  }
});
