// Waits, writes lines of 100 bytes at a steady pace for a time, and ends: LINES_PER_S SECONDS BEGIN_UNIX_MS
const [perSecond, seconds, beginUnixMs] = process.argv.slice(2).map(Number);
const EVERY_MS = 20;
const LINE_BYTES = 100;
const total = perSecond * seconds;
const begin = performance.now() + Math.max(0, beginUnixMs - Date.now());
let written = 0;

const timer = setInterval(() => {
  const due = Math.min(total, Math.floor((Math.max(0, performance.now() - begin) / 1000) * perSecond));
  const lines = [];
  for (; written < due; written += 1) lines.push(`line ${String(written + 1).padStart(LINE_BYTES - 6, '0')}\n`);
  if (lines.length > 0) process.stdout.write(lines.join(''));
  if (written === total) clearInterval(timer);
}, EVERY_MS);
