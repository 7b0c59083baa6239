import path from 'node:path';
import { messageOf } from '../base/errors.ts';
import type { TriggersSpec, WatchSpec } from '../core/spec.ts';
import type { ReadApp } from './read-app.ts';

/** chokidar's default for polling. */
const POLL_MS = 100;
const WATCH_OPTIONS = new Set(['usePolling', 'interval', 'ignored']);

/**
 * Resolves what restarts an app apart from its own death.
 * @param app as read; told of a pattern or time zone that means no time
 * @param cwd absolute
 * @returns schedule and watch
 */
export async function triggersSpec(app: ReadApp, cwd: string): Promise<TriggersSpec> {
  return { cron: await cronSpec(app), watch: watchSpec(app, cwd) };
}

async function cronSpec({ attributes, complain }: ReadApp): Promise<TriggersSpec['cron']> {
  const { cron_restart: given, cron_timezone } = attributes;
  // PM2 takes 0 for "no schedule", on the command line as text.
  if (given === undefined || given === 0 || given === '0') return null;
  const pattern = given.trim();
  const timezone = cron_timezone ?? null;
  if (timezone !== null && !isTimezone(timezone)) {
    complain('cron_timezone', 'a time zone such as "Europe/Berlin"');
    return null;
  }
  const wrong = await scheduleError(pattern, timezone);
  if (wrong !== null) complain('cron_restart', 'a cron pattern of 5 or 6 fields, such as "0 4 * * *"', wrong);
  return { pattern, timezone };
}

function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/**
 * Finds out what is wrong with a schedule. croner finds some mistakes only when it looks for the next time.
 * @param pattern of 5 or 6 fields
 * @param timezone that is one, or null
 * @returns null when nothing is
 */
export async function scheduleError(pattern: string, timezone: string | null): Promise<string | null> {
  const { Cron } = await import('croner');
  try {
    const zone = timezone === null ? {} : { timezone };
    // The same options as the daemon's schedule.
    const next = new Cron(pattern, { ...zone, sloppyRanges: true, paused: true }).nextRun();
    return next === null ? 'it never comes up' : null;
  } catch (error) {
    return messageOf(error);
  }
}

function watchSpec({ attributes, reporter }: ReadApp, cwd: string): WatchSpec | null {
  const { watch, ignore_watch = [], watch_delay = 0, watch_options = {} } = attributes;
  if (watch === undefined || watch === false) return null;
  for (const option of Object.keys(watch_options)) {
    if (!WATCH_OPTIONS.has(option)) {
      reporter.warn({ key: `watch_options.${option}`, text: `watch_options.${option} has no effect` });
    }
  }
  return {
    paths: watch === true || watch.length === 0 ? [cwd] : watch.map((entry) => path.resolve(cwd, entry)),
    // Dot files and node_modules are never watched: the watcher sees to it.
    ignore: [...ignore_watch, ...(watch_options.ignored ?? [])],
    delayMs: watch_delay,
    usePolling: watch_options.usePolling ?? false,
    intervalMs: watch_options.interval ?? POLL_MS,
  };
}
