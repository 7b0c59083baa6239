# Flags that PM2 has with single commands.

pm2 start echo.js --name echo --watch public
pm2 jlist | node pick.cjs echo pm2_env.watch
pm2 restart echo --watch
pm2 jlist | node pick.cjs echo pm2_env.watch
pm2 stop echo --watch
pm2 stop --watch echo
pm2 start echo
pm2 start idle.sh --name fresh --fresh --silent
pm2 start idle.sh --name daemon --daemon --silent
timeout 9 pm2 start idle.sh --name container --container
timeout 9 pm2 start idle.sh --name dist --dist --silent
timeout 9 pm2 start idle.sh --name image-name --image-name shop --silent
timeout 9 pm2 start idle.sh --name node-version --node-version 20 --silent
timeout 9 pm2 start idle.sh --name dockerdaemon --dockerdaemon --silent
pm2 jlist | node pick.cjs name pm2_env.status
pm2 delete daemon --silent
pm2 delete fresh dist image-name node-version dockerdaemon --silent

pm2 send echo nothing
pm2 send 0 one --silent
pm2 send 0 two --silent
until pm2 logs echo --nostream --raw --lines 9 > seen.txt && grep -q "got two" seen.txt; do sleep 0.1; done
pm2 logs echo --nostream --lines 2 --out
pm2 logs echo --nostream --lines 2 --err
pm2 logs echo --nostream --lines 1 --raw --highlight two
pm2 logs echo --nostream --lines 1 --timestamp | sed -E "s/[0-9]{2,4}[-:T0-9]+/TIME/g"
timeout 4 pm2 logs echo --json --lines 1 > json.txt & sleep 2; pm2 send 0 three --silent; wait; node -p "JSON.parse(require('fs').readFileSync('json.txt', 'utf8').split('\n').find((line) => line.includes('three'))).message.trim()"
timeout 4 pm2 logs echo --format --lines 1 > format.txt & sleep 2; pm2 send 0 four --silent; wait; grep four format.txt | sed -E "s/timestamp=[^ ]+/timestamp=TIME/"
pm2 delete echo --silent

pm2 serve public --port $PORT_A --name spa --spa --silent
pm2 serve public $PORT_B --name locked --basic-auth-username me --basic-auth-password secret --silent
until curl -sf http://127.0.0.1:$PORT_A/ -o page.html && curl -s http://127.0.0.1:$PORT_B/ -o locked.html; do sleep 0.1; done
cat page.html
curl -s -o other.html -w "%{http_code}\n" http://127.0.0.1:$PORT_A/any/route; cmp page.html other.html
curl -s -o /dev/null -w "%{http_code}\n" http://127.0.0.1:$PORT_A/none.css
curl -s -o /dev/null -w "%{http_code}\n" http://127.0.0.1:$PORT_B/
curl -s -u me:secret http://127.0.0.1:$PORT_B/
pm2 delete spa locked --silent
pm2 serve public --port $PORT_A --name ftp --ftp --silent
pm2 serve public --port $PORT_B --name monitored --monitor --silent
pm2 jlist | node pick.cjs name pm2_env.status
pm2 delete all --silent
pm2 dump --force
pm2 kill --silent
