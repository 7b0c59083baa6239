import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';

export interface Page {
  readonly html: string;
  /** Value of the header Content-Security-Policy: only what is in the page itself may run. */
  readonly contentSecurityPolicy: string;
}

export interface PageOptions {
  /** Path of the JSON `{ version, http, instances: InstanceView[] }` that the page asks for, again and again. */
  readonly dataPath?: string;
}

/** The build copies the folder beside the bundle, so that one path is right for both. */
const ASSETS = path.join(import.meta.dirname, 'assets');
/** Relative, so that the page also works below a path of a reverse proxy. */
const DATA_PATH = './instances.json';
const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E" +
  "%3Crect width='16' height='16' rx='4' fill='%23c2410c'/%3E" +
  "%3Cpath d='M4 12V9m4 3V4m4 8V7' stroke='white' stroke-width='2' stroke-linecap='round'/%3E%3C/svg%3E";

const pages = new Map<string, Page>();

/**
 * Makes the read-only page of the fleet: one document without any request but the one for its data.
 * @param options where the data is
 * @returns the document and the header that goes with it
 */
export function renderPage(options: PageOptions = {}): Page {
  const dataPath = options.dataPath ?? DATA_PATH;
  const known = pages.get(dataPath);
  if (known !== undefined) return known;
  const style = asset('page.css') + asset('table.css');
  const script = joined(asset('words.js'), asset('page.js'));
  const page = { html: documentOf(style, script, dataPath), contentSecurityPolicy: policyOf(style, script) };
  pages.clear();
  pages.set(dataPath, page);
  return page;
}

function asset(name: string): string {
  return readFileSync(path.join(ASSETS, name), 'utf8');
}

/** One module of two files: their exports and imports are only between them. */
function joined(words: string, page: string): string {
  const inner = page.replace(/^import \{[^}]*\} from '\.\/words\.js';$/m, '');
  return `${words.replace(/^export /gm, '')}\n${inner}`;
}

/** Style and script are allowed by what they are: https://www.w3.org/TR/CSP3/#csp-directives. */
function policyOf(style: string, script: string): string {
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  return [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function documentOf(style: string, script: string, dataPath: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>promvisor</title>
<link rel="icon" href="${ICON}">
<style>${style}</style>
</head>
<body data-source="${escaped(dataPath)}">
<header>
<h1>promvisor</h1>
<p id="host"></p>
<p id="version"></p>
<nav aria-label="Data"><a href="./metrics">metrics</a> <a href="./jlist">jlist</a></nav>
<p id="beat">loading</p>
</header>
<main>
<p id="gone" role="alert" hidden></p>
<noscript><p>This page needs JavaScript. The same is told by <a href="./jlist">jlist</a> and <a href="./metrics">metrics</a>.</p></noscript>
<section id="fleet" aria-label="Fleet" hidden>
<p id="verdict" aria-live="polite"></p>
<div id="bar" aria-hidden="true"></div>
<dl id="figures"></dl>
</section>
<p id="empty" hidden>Start one: <code>promvisor start app.js</code></p>
<label id="search" hidden>Filter <input id="filter" type="search" placeholder="name, namespace, status, reason" autocomplete="off" spellcheck="false"></label>
<table id="table" hidden>
<thead><tr><th scope="col">App</th><th scope="col">Status</th><th scope="col" class="number">Restarts</th><th scope="col">Last exit</th><th scope="col" class="number">Uptime</th><th scope="col" class="number">CPU</th><th scope="col">Memory</th><th scope="col">Next cron</th></tr></thead>
<tbody id="rows"></tbody>
</table>
</main>
<script type="module">${script}</script>
</body>
</html>
`;
}
