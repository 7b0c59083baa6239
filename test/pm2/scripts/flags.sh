# Every flag of PM2, under each of its names. What a flag does to an app is told by jlist, against an app without flags.

pm2 -v
pm2 -V
pm2 -h | grep -c "Usage: "
pm2 --help | grep -c "Usage: "
pm2 start --help | grep -c "Usage: "
pm2 start idle.sh -n plain -s
pm2 start idle.sh --name output --output out.log --silent
pm2 start idle.sh --name output-short -o out-short.log --silent
pm2 start idle.sh --name error --error error.log --silent
pm2 start idle.sh --name error-short -e error-short.log --silent
pm2 start idle.sh --name log-long --log both.log --silent
pm2 start idle.sh --name log-short -l both-short.log --silent
pm2 start tell.js --name merge-logs -i 2 --merge-logs --silent
pm2 start idle.sh --name log-date-format --log-date-format YYYY-MM-DD --silent
pm2 start idle.sh --name time --time --silent
pm2 start idle.sh --name log-type --log-type json --silent
pm2 start idle.sh --name disable-logs --disable-logs --silent
pm2 start idle.sh --name pid --pid one.pid --silent
pm2 start idle.sh --name pid-short -p two.pid --silent
pm2 start idle.sh --name namespace --namespace jobs --silent
mkdir -p sub && cp idle.sh sub/ && pm2 start idle.sh --name cwd --cwd sub --silent
pm2 start tell.js --name interpreter --interpreter node --silent
pm2 start tell.js --name interpreter-args --interpreter-args "--no-warnings --stack-size=900" --silent
pm2 start tell.js --name node-args --node-args=--no-warnings --silent
pm2 start tell.js --name execute-command --execute-command --silent
pm2 start tell.js --name execute-command-short -x --silent
pm2 start tell.js --name wait-ready --wait-ready --silent
pm2 start tell.js --name listen-timeout --listen-timeout 4000 --silent
pm2 start tell.js --name shutdown-with-message --shutdown-with-message --silent
pm2 start tell.js --name source-map-support --source-map-support --silent
pm2 start tell.js --name disable-source-map-support --disable-source-map-support --silent
pm2 jlist | node told.cjs

pm2 start idle.sh --name max-memory-restart --max-memory-restart 200M --silent
pm2 start idle.sh --name max-restarts --max-restarts 3 --silent
pm2 start idle.sh --name restart-delay --restart-delay 500 --silent
pm2 start idle.sh --name exp-backoff-restart-delay --exp-backoff-restart-delay 100 --silent
pm2 start idle.sh --name kill-timeout --kill-timeout 2000 --silent
pm2 start idle.sh --name kill-timeout-short -k 2000 --silent
pm2 start idle.sh --name cron-restart --cron-restart "0 4 * * *" --silent
pm2 start idle.sh --name cron --cron "0 5 * * *" --silent
pm2 start idle.sh --name cron-short -c "0 6 * * *" --silent
pm2 start idle.sh --name no-autorestart --no-autorestart --silent
pm2 start idle.sh --name no-autostart --no-autostart --silent
pm2 start idle.sh --name no-treekill --no-treekill --silent
pm2 start idle.sh --name stop-exit-codes --stop-exit-codes 0 --silent
pm2 start idle.sh --name watched --cwd sub --watch --silent
pm2 start idle.sh --name ignore-watch --cwd sub --watch --ignore-watch node_modules --silent
pm2 start idle.sh --name watch-delay --cwd sub --watch --watch-delay 2
pm2 start idle.sh --name ext --ext js,json --silent
KEEP_IT=1 DROP_IT=1 pm2 start idle.sh --name filter-env --filter-env DROP_ --silent
pm2 start idle.sh --name no-vizion --no-vizion --silent
pm2 start idle.sh --name no-pmx --no-pmx --silent
pm2 start idle.sh --name no-automation --no-automation --silent
npm_config_offline=true pm2 start idle.sh --name trace --trace --silent
pm2 start idle.sh --name disable-trace --disable-trace --silent
pm2 start idle.sh --name v8 --v8 --silent
pm2 start idle.sh --name event-loop-inspector --event-loop-inspector --silent
pm2 start idle.sh --name deep-monitoring --deep-monitoring --silent
pm2 start idle.sh --name written --write --silent; ls *-pm2.json
pm2 start idle.sh --name written-short -w --silent; ls *-pm2.json
pm2 jlist | node given.cjs
pm2 delete all --silent

pm2 start api.js --name two -i 2 --no-color
pm2 start api.js --name three --instances 3 --silent
pm2 start api.js --name two
pm2 start api.js --name two -f
pm2 start api.js --name two --force --silent
pm2 restart two --parallel 1
pm2 list --sort id:desc
pm2 list --mini-list | grep -c "^status : online"
pm2 list -m | grep -c "^status : online"
pm2 delete all --silent

pm2 start ecosystem.config.js --only cron --env production
pm2 jlist | node pick.cjs cron pm2_env.env.STAGE
pm2 start ecosystem.config.js --only nope
pm2 start idle.sh --env production
pm2 start missing.config.js --env production
STAGE=blue pm2 restart cron
pm2 jlist | node pick.cjs cron pm2_env.env.STAGE
STAGE=blue pm2 restart cron -a
pm2 jlist | node pick.cjs cron pm2_env.env.STAGE
STAGE=green pm2 restart cron --update-env --silent
pm2 jlist | node pick.cjs cron pm2_env.env.STAGE
timeout 3 pm2 start idle.sh --name attached --attach > attached.txt; grep -c "arguments:" attached.txt
pm2 start idle.sh --no-such-flag
pm2 kill --silent

(pm2 start tell.js --no-daemon > foreground.txt & pid=$!; for i in $(seq 50); do grep -q arguments: foreground.txt && break; sleep 0.1; done; kill -INT $pid; wait $pid)
grep -c "arguments:" foreground.txt
