# What deployment scripts and CI jobs do with pm2, a line each: run as it is by PM2 and by promvisor under its name.
# test/pm2/run-script.mjs runs the lines one by one, to have stdout, stderr and exit code of each.

pm2 --version
pm2 ping
pm2 start api.js --name api -i 2
pm2 start worker.js --name worker -- --queue mail
pm2 start "sleep 1000" --name line --no-autorestart
pm2 start loop.sh --name loop --namespace jobs --max-memory-restart 200M --kill-timeout 3000
pm2 start ecosystem.config.js --env production
pm2 start ecosystem.config.js --only cron
pm2 start - < process.json
pm2 start api.js --name api
pm2 start missing.js
pm2 start missing.json

pm2 list
pm2 ls | grep -c online
pm2 jlist | node pick.cjs name pm_id pm2_env.status pm2_env.exec_mode pm2_env.restart_time pm2_env.namespace
pm2 jlist | node shape.cjs
pm2 prettylist | grep -c "status: 'online'"
pm2 id api
pm2 id nope
pm2 pid worker | grep -cE '^[0-9]+$'
pm2 pid nope
pm2 describe loop
pm2 show nope
pm2 env 2 | grep -c "^PATH: "
pm2 env 99

until pm2 logs worker --nostream --lines 1 --err > seen.txt && grep -q warns seen.txt; do sleep 0.1; done
pm2 logs worker --nostream --lines 2
pm2 logs worker --nostream --raw --lines 1
pm2 logs nope --nostream
pm2 flush worker

pm2 restart worker
STAGE=blue pm2 restart worker --update-env
pm2 jlist | node pick.cjs name pm2_env.env.STAGE
pm2 restart 3
pm2 reload web
pm2 reload nope
pm2 scale api 3
pm2 scale api 1
pm2 scale api 1
pm2 scale nope 2
pm2 delete api
pm2 stop worker line
pm2 stop 999
pm2 jlist | node pick.cjs name pid pm2_env.status monit.memory
pm2 start worker
pm2 restart jobs
pm2 restart /lo+p/
pm2 reset worker
pm2 sendSignal SIGUSR2 worker
pm2 sendSignal SIGUSR2 nope
pm2 reloadLogs
pm2 startOrReload ecosystem.config.js --only web --update-env
pm2 stop ecosystem.config.js

pm2 save
node -p "JSON.parse(require('fs').readFileSync(process.env.PM2_HOME + '/dump.pm2')).map((app) => app.name + ' ' + app.status).sort()"
pm2 delete line
pm2 delete nope
pm2 kill
pm2 resurrect
pm2 list -m | grep -E "^(\+---|status)" | sort
test "$(cat "$PM2_HOME/pm2.pid")" -gt 1
pm2 restart line --silent
pm2 delete all --silent

pm2 start crash.js --name crash --max-restarts 1 --wait-ready --listen-timeout 5000 --silent
pm2 delete crash --silent
pm2 start fragile.js --name fragile -i 1 --listen-timeout 3000
touch broken
pm2 reload fragile
pm2 delete fragile --silent

pm2 delete all
pm2 stop all
pm2 save
pm2 save --force
pm2 cleardump
pm2 nocommand
pm2
pm2 kill
