# What root alone can do with PM2: other users, and units of the system. A user who is not root is told what to run.

chmod 755 .. . && mkdir -p -m 777 open && cp idle.sh open/
pm2 start idle.sh --name plain --silent
pm2 start idle.sh --name uid --uid nobody
pm2 start idle.sh --name both --uid nobody --gid nogroup
pm2 start users.json
pm2 jlist | node given.cjs
pm2 start idle.sh --name gid --gid daemon
pm2 kill --silent

mkdir -p -m 777 nobody && setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=$PWD/nobody PM2_HOME=$PWD/nobody/home pm2 startup systemd -u games --hp /srv/shop
setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=$PWD/nobody PM2_HOME=$PWD/nobody/home pm2 startup systemd --user games --hp /srv/shop --service-name site --wait-ip
setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=$PWD/nobody PM2_HOME=$PWD/nobody/home pm2 unstartup systemd -u games --hp /srv/shop
