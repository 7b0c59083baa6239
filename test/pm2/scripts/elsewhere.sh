# Commands of PM2 that are not here: what PM2 does is for its hosted service, its modules, git, ssh or itself.
# Where it asks and waits for an answer it is given 3 seconds.

pm2 start idle.sh --name idle --silent
pm2 link
pm2 unlink
timeout 3 pm2 monitor
pm2 unmonitor
pm2 monitor idle
pm2 unmonitor idle
pm2 open
timeout 3 pm2 plus
timeout 3 pm2 register
timeout 3 pm2 login
pm2 logout
pm2 install
pm2 module:install
pm2 module:update
timeout 3 pm2 module:generate
pm2 uninstall nope
pm2 module:uninstall nope
pm2 package
pm2 publish
pm2 module:publish
pm2 autoinstall
timeout 3 pm2 create | grep -c " - "
pm2 deploy
pm2 pull idle
pm2 forward idle
pm2 backward idle
pm2 deepUpdate --help
pm2 logrotate --help
pm2 trigger idle
pm2 trigger idle act
pm2 slist | grep -c "CPU Usage"
pm2 sysinfos | grep -c "CPU Usage"
pm2 profile:cpu --help
pm2 profile:mem --help
pm2 examples | grep -c "pm2 "
pm2 install-otel --help
pm2 uninstall-otel --help
pm2 kill --silent
