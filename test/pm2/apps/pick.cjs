// Prints fields of each app of `pm2 jlist`, as `jq -r` would: node pick.cjs [APP] FIELD...
const fields = process.argv.slice(2);
const fieldOf = (app, field) => field.split('.').reduce((value, key) => value?.[key], app);
const texts = [];
process.stdin.on('data', (text) => texts.push(text));
process.stdin.on('end', () => {
  const list = JSON.parse(Buffer.concat(texts).toString());
  const only = list.find((app) => app.name === fields[0]);
  const rows = only === undefined ? list : list.filter((app) => app.name === only.name);
  const wanted = only === undefined ? fields : fields.slice(1);
  for (const app of rows) console.log([app.name, ...wanted.map((field) => fieldOf(app, field) ?? '-')].join(' '));
});
