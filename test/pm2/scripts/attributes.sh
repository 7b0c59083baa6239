# Every key of an ecosystem file, under each of its names: apps/attributes.config.cjs has an app for each of them.

mkdir -p sub && cp idle.sh sub/
export KEEP_IT=1 DROP_IT=1; pm2 start attributes.config.cjs --env production --silent
pm2 jlist | node given.cjs
pm2 jlist | node told.cjs
pm2 jlist | node pick.cjs has-instances pm2_env.exec_mode pm2_env.NODE_APP_INSTANCE pm2_env.instances
pm2 jlist | node pick.cjs has-increment_var pm2_env.exec_mode pm2_env.SLOT
pm2 jlist | node pick.cjs has-instance_var pm2_env.exec_mode pm2_env.SLOT
pm2 kill --silent
