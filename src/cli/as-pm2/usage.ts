/** What PM2 prints for a line without a command, and under an unknown one. */
export const USAGE = `usage: pm2 [options] <command>

pm2 -h, --help             all available commands and options
pm2 examples               display pm2 usage examples
pm2 <command> -h           help on a specific command

Access pm2 files in ~/.pm2`;
