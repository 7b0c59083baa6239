/** What the page says of instances: data in, words out; no document here. The shapes are those of api/contract.ts. */

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Part of the memory limit from which on an instance is close to its restart. */
const NEAR_LIMIT = 0.9;
/** A space at which no line is broken, between figure and unit. */
const UNIT_SPACE = '\u00a0';
/** Deaths that are no reason to look. */
const QUIET_REASONS = new Set(['requested', 'clean', 'cron', 'watch']);
const RANK_OF_STATUS = { fatal: 0, backoff: 1, stopping: 3, starting: 3, running: 4, exited: 5, stopped: 6 };
/** Something is wrong with it, but it has come to rest or goes on. */
const RANK_OF_WARNING = 2;

/**
 * Says a span of time in its two greatest units.
 * @param {number} spanMs milliseconds
 * @returns {string} for example `3d 4h`
 */
export function spanText(spanMs) {
  const ms = Math.max(0, spanMs);
  if (ms < MINUTE_MS) return `${Math.floor(ms / SECOND_MS)}s`;
  if (ms < HOUR_MS) return twoUnits(ms, [MINUTE_MS, 'm'], [SECOND_MS, 's']);
  if (ms < DAY_MS) return twoUnits(ms, [HOUR_MS, 'h'], [MINUTE_MS, 'm']);
  return twoUnits(ms, [DAY_MS, 'd'], [HOUR_MS, 'h']);
}

function twoUnits(ms, [greatMs, great], [lessMs, less]) {
  const rest = Math.floor((ms % greatMs) / lessMs);
  return `${Math.floor(ms / greatMs)}${great}${rest === 0 ? '' : ` ${rest}${less}`}`;
}

/**
 * Says how long something took, down to milliseconds.
 * @param {number} spanMs milliseconds
 * @returns {string} for example `850ms`
 */
function shortSpanText(spanMs) {
  return spanMs < SECOND_MS ? `${Math.max(0, Math.round(spanMs))}ms` : spanText(spanMs);
}

/**
 * Says a number of bytes.
 * @param {number} bytes
 * @returns {string} for example `48.4 MiB`
 */
export function bytesText(bytes) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  const value = bytes / 1024 ** power;
  return `${value < 100 && power > 0 ? value.toFixed(1) : Math.round(value)}${UNIT_SPACE}${units[power]}`;
}

/**
 * Says a share of one core.
 * @param {number} ratio 1 = one core
 * @returns {string} for example `12.3 %`
 */
export function cpuText(ratio) {
  const percent = ratio * 100;
  return `${percent < 10 ? percent.toFixed(1) : Math.round(percent)}${UNIT_SPACE}%`;
}

/**
 * Says how a process ended.
 * @param {object} exit an ExitView
 * @returns {string} for example `signal SIGKILL` or `error_code 3`
 */
export function exitText(exit) {
  const detail = exit.signal ?? (exit.code === null || exit.code === 0 ? null : exit.code);
  return detail === null ? exit.reason : `${exit.reason} ${detail}`;
}

function memoryRatioOf(instance) {
  if (instance.rssBytes === null || instance.memoryLimitBytes === null) return null;
  return instance.rssBytes / instance.memoryLimitBytes;
}

/**
 * Says what is wrong with an instance, the worst of it.
 * @param {object} instance an InstanceView
 * @param {number} nowMs Unix ms
 * @returns {{level: 'critical' | 'warning', text: string} | null} null when nothing is
 */
export function wrongOf(instance, nowMs) {
  const { status, lastExit, streak } = instance;
  if (status === 'fatal') return { level: 'critical', text: 'gave up, it is not started again' };
  if (status === 'backoff') {
    const waitMs = instance.backoff === null ? 0 : instance.backoff.untilMs - nowMs;
    return { level: 'warning', text: waitMs < SECOND_MS ? 'starts again now' : `starts again in ${spanText(waitMs)}` };
  }
  if (status === 'exited') {
    if (lastExit === null || QUIET_REASONS.has(lastExit.reason)) return null;
    return {
      level: 'warning',
      text: instance.cron === null ? 'failed, it is not started again' : 'failed, waits for its cron',
    };
  }
  if (status === 'stopped') return null;
  const ratio = memoryRatioOf(instance);
  if (ratio !== null && ratio >= NEAR_LIMIT) {
    return { level: 'warning', text: `memory at ${Math.round(ratio * 100)} % of its limit` };
  }
  if (streak > 0) return { level: 'warning', text: streak === 1 ? 'died just now' : `died ${streak} times in a row` };
  return null;
}

/**
 * Says all of an instance that is on its line.
 * @param {object} instance an InstanceView
 * @param {number} nowMs Unix ms
 * @returns {object} texts by column, and where the line belongs
 */
export function lineOf(instance, nowMs) {
  const { app, id, namespace, slot, status, lastExit, cron } = instance;
  const wrong = wrongOf(instance, nowMs);
  const alive = instance.startedAtMs !== null;
  const ratio = memoryRatioOf(instance);
  return {
    id,
    rank: Math.min(RANK_OF_STATUS[status], wrong === null ? Number.POSITIVE_INFINITY : RANK_OF_WARNING),
    status,
    pm2Status: instance.pm2Status,
    level: wrong?.level ?? null,
    wrong: wrong?.text ?? '',
    app,
    place: [namespace === 'default' ? '' : namespace, `id ${id}`, slot === 0 ? '' : `slot ${slot}`]
      .filter(Boolean)
      .join(' · '),
    pid: alive && instance.pid !== null ? `pid ${instance.pid}` : '',
    restarts: String(instance.restarts),
    exit: lastExit === null ? '' : exitText(lastExit),
    exitMore: lastExit === null ? '' : exitMoreText(lastExit, nowMs),
    uptime: alive ? spanText(nowMs - instance.startedAtMs) : '',
    cpu: instance.cpuRatio === null ? '' : cpuText(instance.cpuRatio),
    memory: instance.rssBytes === null ? '' : bytesText(instance.rssBytes),
    memoryLimit: instance.memoryLimitBytes === null ? '' : `of ${bytesText(instance.memoryLimitBytes)}`,
    memoryPercent: ratio === null ? null : Math.min(100, Math.round(ratio * 100)),
    cron: cron === null || cron.nextAtMs === null ? '' : `in ${spanText(cron.nextAtMs - nowMs)}`,
    cronMore: cron === null ? '' : cron.pattern,
  };
}

function exitMoreText(exit, nowMs) {
  const life = exit.uptimeMs === 0 ? '' : `, after ${shortSpanText(exit.uptimeMs)}`;
  const ago = `${spanText(nowMs - exit.atMs)} ago${life}`;
  return exit.message === null ? ago : `${ago}: ${exit.message}`;
}

/**
 * Says how the fleet is.
 * @param {object[]} lines results of lineOf
 * @returns {{level: 'critical' | 'warning' | 'good' | 'empty', text: string}} the verdict
 */
export function verdictOf(lines) {
  if (lines.length === 0) return { level: 'empty', text: 'No apps yet' };
  const wrong = lines.filter(({ level }) => level !== null);
  if (wrong.length === 0) {
    return {
      level: 'good',
      text: lines.length === 1 ? 'The one instance is fine' : `All ${lines.length} instances are fine`,
    };
  }
  const level = wrong.some((line) => line.level === 'critical') ? 'critical' : 'warning';
  const verb = wrong.length === 1 ? 'needs' : 'need';
  return { level, text: `${wrong.length} of ${lines.length} instances ${verb} attention` };
}

/**
 * Puts what is wrong first, then what moves, runs, rests; by name and slot within.
 * @param {object[]} lines results of lineOf
 * @returns {object[]} a new list
 */
export function ordered(lines) {
  return [...lines].sort((a, b) => a.rank - b.rank || a.app.localeCompare(b.app) || a.id - b.id);
}

/**
 * Tells whether a line is looked for.
 * @param {object} line result of lineOf
 * @param {string} wanted words of the filter
 * @returns {boolean} true when each of them stands in its app, place or status
 */
export function isWanted(line, wanted) {
  const text = `${line.app} ${line.place} ${line.status} ${line.pm2Status} ${line.exit}`.toLowerCase();
  return wanted
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
