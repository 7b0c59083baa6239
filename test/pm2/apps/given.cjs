// Prints what `pm2 jlist` tells of each app that differs from the app `plain`: node given.cjs
const NOT_COMPARED = [
  ...['name', 'pm_id', 'unique_id', 'created_at', 'pm_uptime', 'env', 'status', '_tree_pids'],
  // Of PM2's APM, and what is looked up at the start.
  ...['axm_actions', 'axm_monitor', 'axm_options', 'node_version', 'version'],
];
const texts = [];
process.stdin.on('data', (text) => texts.push(text));
process.stdin.on('end', () => {
  const apps = JSON.parse(Buffer.concat(texts).toString()).sort((a, b) =>
    a.name < b.name ? -1 : Number(a.name > b.name),
  );
  const plain = apps.find(({ name }) => name === 'plain');
  const wanted = fieldsOf(plain);
  const variables = plain.pm2_env.env;
  for (const app of apps.filter((one) => one !== plain)) {
    console.log(`${app.name}: ${app.pm2_env.status}`);
    tell(wanted, fieldsOf(app), '');
    // What PM2 keeps in there beside variables is in pm2_env too.
    tell(upper(variables), upper({ ...app.pm2_env.env, [app.name]: undefined }), 'env.');
  }
});
function fieldsOf(app) {
  const fields = Object.entries(app.pm2_env).filter(
    ([key]) => !NOT_COMPARED.includes(key) && key !== app.name && !isVariable(key),
  );
  return Object.fromEntries(fields.map(([key, value]) => [key, withoutName(app, value)]));
}
// PM2 has each variable of an app a second time beside its keys.
function isVariable(key) {
  return key !== key.toLowerCase() && key !== 'NODE_APP_INSTANCE';
}
function upper(variables) {
  return Object.fromEntries(
    Object.entries(variables).filter(
      ([key]) =>
        isVariable(key) &&
        !['PM2_USAGE', 'SHLVL', 'PWD', 'OLDPWD', 'PM2_INTERACTOR_PROCESSING', 'PM2_JSON_PROCESSING'].includes(key),
    ),
  );
}
function withoutName(app, value) {
  if (typeof value !== 'string') return value;
  const file = app.name.replace(/[^\w.-]|_/g, '-'); // as PM2 makes names of files
  return value.replaceAll(`/${file}-`, '/NAME-').replace(new RegExp(`-${app.pm_id}(?=\\.(?:log|pid)$)`), '-ID');
}
function tell(plain, given, prefix) {
  const keys = [...new Set([...Object.keys(plain), ...Object.keys(given)])].sort();
  for (const key of keys) {
    const [before, now] = [plain, given].map((fields) => JSON.stringify(fields[key]));
    if (before !== now) console.log(`  ${prefix}${key}: ${now ?? 'not there'}`);
  }
}
