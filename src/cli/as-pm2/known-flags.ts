import { type Pm2Call, VALUED } from './flags.ts';

/** Flags of PM2 without a value, and ours of the commands that look. */
const SWITCHES = [
  ...['version', 'help', 'silent', 'mini-list', 'force', 'update-env', 'execute-command', 'write', 'attach', 'time'],
  ...['disable-logs', 'merge-logs', 'shutdown-with-message', 'wait-ready', 'wait-ip', 'no-autorestart', 'daemon'],
  ...['no-autostart', 'no-treekill', 'no-color', 'no-daemon', 'no-vizion', 'no-pmx', 'no-automation', 'trace', 'v8'],
  ...['disable-trace', 'source-map-support', 'disable-source-map-support', 'event-loop-inspector', 'deep-monitoring'],
  ...['raw', 'json', 'format', 'out', 'err', 'nostream', 'spa', 'ftp', 'monitor', 'fresh', 'container', 'dist'],
  ...['image-name', 'node-version', 'dockerdaemon'],
];
const KNOWN: ReadonlySet<string> = new Set([...VALUED, ...SWITCHES]);

/**
 * Looks for a flag that PM2 would not take.
 * @param call the command line
 * @returns the first one as it was written, null when there is none
 */
export function strangeFlag({ flags }: Pm2Call): string | null {
  const strange = flags.find(({ name }) => !KNOWN.has(name));
  if (strange === undefined) return null;
  return strange.name.length === 1 ? `-${strange.name}` : `--${strange.name}`;
}
