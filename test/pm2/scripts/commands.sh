# Every command of PM2 that is here, under each of its names, where scripts/deploy.sh does not use it.

pm2 l
pm2 start echo.js --name echo --no-autorestart
pm2 start idle.sh --name idle --namespace jobs
pm2 startOrRestart ecosystem.config.js
STAGE=blue pm2 startOrRestart ecosystem.config.js --only cron --update-env
pm2 startOrRestart missing.config.js
pm2 startOrGracefulReload ecosystem.config.js --only web
pm2 startOrReload missing.config.js

pm2 l -m | grep -E "^(\+---|status)" | sort
pm2 ps | grep -c online
pm2 status | grep -c online
pm2 desc idle | grep -E "status|namespace|script args|exec mode"
pm2 info idle | grep -E "status|namespace|script args|exec mode"
pm2 info nope
timeout 2 pm2 monit > screen.txt
timeout 2 pm2 imonit > screen.txt
timeout 2 pm2 dashboard > screen.txt
timeout 2 pm2 dash > screen.txt

until pm2 log echo --nostream --raw --lines 5 > seen.txt && grep -q up seen.txt; do sleep 0.1; done
pm2 send 0 hello
pm2 delete web --silent
pm2 send 99 hello
until pm2 log echo --nostream --raw --lines 5 > seen.txt && grep -q hello seen.txt; do sleep 0.1; done
pm2 log echo --nostream --raw --lines 2
(sleep 1; echo typed; sleep 2) | timeout 3 pm2 attach 0 > attached.txt
grep -c typed attached.txt
until pm2 log echo --nostream --raw --lines 5 > seen.txt && grep -q typed seen.txt; do sleep 0.1; done
pm2 log echo --nostream --raw --lines 1
pm2 inspect echo
pm2 inspect nope

pm2 set pm2-logrotate:max_size 20M
pm2 set pm2-logrotate:workerInterval 30
pm2 unset pm2-logrotate:workerInterval
pm2 get pm2-logrotate:max_size
pm2 conf pm2-logrotate:max_size
pm2 config pm2-logrotate:max_size
pm2 unset pm2-logrotate:max_size
pm2 get pm2-logrotate:max_size
pm2 multiset "pm2-logrotate:retain 7 pm2-logrotate:compress true"
pm2 get pm2-logrotate:retain
pm2 get
pm2 set site-key 3
pm2 get site-key
pm2 set echo:STAGE green
pm2 jlist | node pick.cjs echo pm2_env.restart_time pm2_env.status

mkdir -p fresh && cd fresh && pm2 init && node -p "Object.keys(require('./ecosystem.config.js'))"
cd fresh && pm2 init
mkdir -p fresher && cd fresher && pm2 ecosystem

pm2 delete cron --silent
pm2 serve public $PORT_A --name site
pm2 expose public $PORT_B --name site-two
pm2 jlist | node pick.cjs site pm2_env.status pm2_env.exec_mode
pm2 delete site site-two --silent
pm2 serve no-such-folder $PORT_A --name gone
pm2 delete gone --silent

pm2 dump
pm2 report | grep -cE "version|PM2|promvisor" | sed "s/[0-9][0-9]*/some/"
pm2 update
pm2 updatePM2
pm2 jlist | node pick.cjs name pm2_env.status
pm2 del idle
pm2 del nope
pm2 del all
pm2 startup nonsense
pm2 unstartup nonsense
pm2 kill
