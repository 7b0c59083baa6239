// Prints the keys of each app of `pm2 jlist` with the types of their values; variables are left out.
const kindOf = (value) => {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
};
const kinds = (fields, isShown = () => true) =>
  Object.keys(fields)
    .filter(isShown)
    .sort()
    .map((key) => `${key}:${kindOf(fields[key])}`);
const texts = [];
process.stdin.on('data', (text) => texts.push(text));
process.stdin.on('end', () => {
  for (const app of JSON.parse(Buffer.concat(texts).toString())) {
    const { pm2_env: env } = app;
    const isShown = (key) => /^(?:[a-z_]+\d?|NODE_APP_INSTANCE)$/.test(key) && key !== '_' && key !== app.name;
    console.log(`${app.name} ${app.pm_id}: ${[...kinds(app), ...kinds(app.monit)].join(' ')}`);
    for (const kind of kinds(env, isShown)) console.log(`  ${kind}`);
  }
});
