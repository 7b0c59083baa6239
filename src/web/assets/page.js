import { bytesText, cpuText, isWanted, lineOf, ordered, spanText, verdictOf } from './words.js';

/** Draws the fleet, asks for it again every few seconds, and says so when nobody answers. */

const POLL_MS = 3000;
const LONGEST_POLL_MS = 15_000;
const ANSWER_MS = 8000;
const FILTER_FROM = 9;
/** A clock of browser and host that differ by more than this are set against each other. */
const SKEW_MS = 2000;
const STATUSES = ['fatal', 'backoff', 'stopping', 'starting', 'running', 'exited', 'stopped'];

const at = (id) => document.getElementById(id);
const shown = { data: null, skewMs: 0, answeredAtMs: 0, problem: null };
const rows = new Map();
let pollMs = POLL_MS;
let timer = null;

/** Text only ever becomes text: no name, message or path is read as markup. */
function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className !== '') made.className = className;
  made.append(...children.filter((child) => child !== ''));
  return made;
}

function cell(className, label, ...children) {
  const made = element('td', className, ...children);
  made.dataset.label = label;
  if (children.every((child) => child === '')) made.classList.add('blank');
  return made;
}

function meter(percent) {
  const fill = element('span', percent >= 90 ? 'fill high' : 'fill');
  fill.style.width = `${percent}%`;
  return element('span', 'meter', fill);
}

function small(text) {
  return text === '' ? '' : element('small', '', text);
}

function rowOf(line) {
  const name = element('th', 'app', element('b', '', line.app), small(line.place));
  name.scope = 'row';
  const badge = element('span', `badge ${line.status}`, line.status);
  badge.title = `PM2: ${line.pm2Status}`;
  const memory = [line.memory, line.memoryLimit === '' ? '' : small(line.memoryLimit)];
  const row = element(
    'tr',
    line.level ?? '',
    name,
    cell('status', 'Status', badge, line.wrong === '' ? small(line.pid) : element('small', 'wrong', line.wrong)),
    cell('number', 'Restarts', line.restarts),
    cell('exit', 'Last exit', line.exit === '' ? '' : element('code', '', line.exit), small(line.exitMore)),
    cell('number', 'Uptime', line.uptime),
    cell('number', 'CPU', line.cpu),
    cell('memory', 'Memory', ...memory, line.memoryPercent === null ? '' : meter(line.memoryPercent)),
    cell('cron', 'Next cron', line.cron, small(line.cronMore)),
  );
  return row;
}

/** Rows that say the same as before stay as they are, so that a selection in them does too. */
function drawRows(lines) {
  const body = at('rows');
  const kept = new Set();
  for (const [index, line] of lines.entries()) {
    const text = JSON.stringify(line);
    const known = rows.get(line.id);
    const row = known?.text === text ? known.row : rowOf(line);
    if (known !== undefined && known.row !== row) known.row.remove();
    rows.set(line.id, { text, row });
    kept.add(line.id);
    if (body.children[index] !== row) body.insertBefore(row, body.children[index] ?? null);
  }
  for (const [id, { row }] of rows) {
    if (kept.has(id)) continue;
    row.remove();
    rows.delete(id);
  }
}

function drawFleet(lines, instances) {
  const verdict = verdictOf(lines);
  if (at('verdict').textContent !== verdict.text) at('verdict').textContent = verdict.text;
  at('verdict').className = verdict.level;
  const counts = STATUSES.map((status) => [status, lines.filter((line) => line.status === status).length]);
  const there = counts.filter(([, count]) => count > 0);
  at('bar').replaceChildren(
    ...there.map(([status, count]) => {
      const part = element('span', status);
      part.style.flexGrow = String(count);
      return part;
    }),
  );
  const sum = (key) => instances.reduce((total, instance) => total + (instance[key] ?? 0), 0);
  const figures = [
    ...there.map(([status, count]) => [status, String(count), status]),
    ['restarts', String(sum('restarts')), ''],
    ['cpu', cpuText(sum('cpuRatio')), ''],
    ['memory', bytesText(sum('rssBytes')), ''],
  ];
  at('figures').replaceChildren(
    ...figures.map(([label, value, status]) =>
      element('div', status, element('dt', '', label), element('dd', '', value)),
    ),
  );
  return verdict;
}

function draw() {
  const { data } = shown;
  if (data === null) return;
  const nowMs = Date.now() - shown.skewMs;
  const lines = ordered(data.instances.map((instance) => lineOf(instance, nowMs)));
  const verdict = drawFleet(lines, data.instances);
  drawRows(lines.filter((line) => isWanted(line, at('filter').value.trim())));
  at('fleet').hidden = false;
  at('figures').hidden = lines.length === 0;
  at('empty').hidden = lines.length > 0;
  at('table').hidden = lines.length === 0;
  at('search').hidden = lines.length < FILTER_FROM;
  at('version').textContent = `version ${data.version}`;
  document.title = `${shown.problem === null ? verdict.text : 'No answer'} · promvisor`;
}

/** How fresh the page is. Figures of a daemon that is gone stand still, and look like it. */
function drawBeat() {
  const { problem, data, answeredAtMs } = shown;
  const ageMs = Date.now() - answeredAtMs;
  document.body.classList.toggle('stale', problem !== null);
  at('gone').hidden = problem === null;
  if (problem === null) {
    at('beat').textContent = data === null ? 'loading' : 'live';
    return;
  }
  const since = new Date(answeredAtMs).toLocaleTimeString();
  at('beat').textContent = 'no answer';
  at('gone').textContent =
    data === null
      ? `The daemon does not answer (${problem}). Asking again.`
      : `The daemon has not answered for ${spanText(ageMs)} (${problem}). What you see is from ${since}; the apps may well be running.`;
}

async function ask() {
  const response = await fetch(document.body.dataset.source, {
    cache: 'no-store',
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  if (!response.ok) throw new Error(`status ${response.status}`);
  const data = await response.json();
  if (!Array.isArray(data.instances)) throw new Error('no list of instances in the answer');
  const hostMs = Date.parse(response.headers.get('date') ?? '');
  const skewMs = Number.isNaN(hostMs) ? 0 : Date.now() - hostMs;
  Object.assign(shown, {
    data,
    problem: null,
    answeredAtMs: Date.now(),
    skewMs: Math.abs(skewMs) > SKEW_MS ? skewMs : 0,
  });
}

async function poll() {
  clearTimeout(timer);
  try {
    await ask();
    pollMs = POLL_MS;
    draw();
  } catch (error) {
    shown.problem = error.name === 'TimeoutError' ? `nothing within ${spanText(ANSWER_MS)}` : error.message;
    pollMs = Math.min(LONGEST_POLL_MS, pollMs * 1.5);
    if (shown.data !== null) document.title = 'No answer · promvisor';
  }
  drawBeat();
  // A page that nobody looks at costs the host nothing.
  if (!document.hidden) timer = setTimeout(poll, pollMs);
}

at('host').textContent = location.host;
at('filter').addEventListener('input', draw);
document.addEventListener('visibilitychange', () => {
  clearTimeout(timer);
  if (!document.hidden) poll();
});
poll();
