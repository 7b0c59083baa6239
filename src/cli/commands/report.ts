import { readdirSync, readFileSync, statSync } from 'node:fs';
import { availableParallelism, freemem, homedir, release, totalmem } from 'node:os';
import path from 'node:path';
import { messageOf } from '../../base/errors.ts';
import { VERSION } from '../../base/version.ts';
import { type CliContext, type ExitCode, reader, writeJson } from '../context.ts';
import { pingIfAny } from '../daemon-process.ts';
import { renderList } from '../render/list.ts';
import { type ReportPart, renderReport } from '../render/report.ts';
import { renderSettings } from '../render/settings.ts';
import { painter } from '../render/style.ts';
import { plain } from '../render/text.ts';
import { size, span } from '../render/units.ts';
import { settingViews } from '../setting-views.ts';
import { readState } from './list.ts';

const LOG_LINES = 40;
const LOG_BYTES = 64 * 1024;
const WIDTH = 120;
const CREDENTIALS = /(\/\/)[^/@\s]+@/g;

/**
 * `report`: what those who are to help need to know, ready to be pasted into an issue; without secrets.
 * @param context of the command
 * @returns 0, also when a part could not be told
 */
export async function reportCommand(context: CliContext): Promise<ExitCode> {
  const parts: ReportPart[] = [];
  for (const [title, text] of SECTIONS) parts.push({ title, text: masked(await text(context).catch(failed)) });
  if (context.json) writeJson(context, parts);
  else context.terminal.out(renderReport(parts));
  return 0;
}

const SECTIONS: readonly (readonly [string, (context: CliContext) => Promise<string>])[] = [
  ['promvisor', async (context) => about(context)],
  ['Machine', async () => machine()],
  ['Apps', apps],
  ['Settings', async (context) => renderSettings(await settingViews(context), painter(false)).trimEnd()],
  ['Log of the daemon', async (context) => daemonLog(context)],
];

function failed(error: unknown): string {
  return `cannot be told: ${messageOf(error)}`;
}

/** Who it is, is in the paths; passwords are in addresses. */
function masked(text: string): string {
  const home = homedir();
  const nameless = home.length > 1 ? text.replaceAll(home, '~') : text;
  return nameless.replace(CREDENTIALS, '$1******@');
}

async function about(context: CliContext): Promise<string> {
  const ping = await pingIfAny(reader(context));
  const lines = [
    `version ${VERSION}`,
    `node ${process.versions.node} (${process.execPath})`,
    `home ${context.home.root}`,
  ];
  if (ping === null) return [...lines, 'daemon none'].join('\n');
  const { pid, version, uptimeSeconds, adopted, restartedBy, http } = ping;
  const listens = http.error === null ? (http.address ?? 'off') : `not open: ${http.error}`;
  return [
    ...lines,
    `daemon pid ${pid}, version ${version}, up ${span(uptimeSeconds * 1000)}, took over ${adopted} processes`,
    `after a crash ${restartedBy}`,
    `http ${listens}`,
  ].join('\n');
}

function machine(): string {
  const { platform, arch } = process;
  return [
    `system ${platform} ${release()} ${arch}`,
    `cpus ${availableParallelism()}`,
    `memory ${size(totalmem())}, free ${size(freemem())}`,
    `user id ${process.getuid?.() ?? 'unknown'}`,
  ].join('\n');
}

async function apps(context: CliContext): Promise<string> {
  const state = await readState(context);
  if (state === null) return 'no daemon runs';
  const { instances, daemon } = state;
  const { version = null, http = null } = daemon ?? {};
  const options = { instances, version, http, nowMs: context.nowMs(), width: WIDTH, paint: painter(false) };
  return renderList(options).trimEnd();
}

/** The newest file of the folder, and what the daemon said before it had one. */
function daemonLog({ home }: CliContext): string {
  const newest = readdirSync(home.daemonLogDir)
    .map((name) => path.join(home.daemonLogDir, name))
    .filter((file) => file !== home.daemonStderrFile && statSync(file).isFile())
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)
    .slice(0, 1);
  const lines = [home.daemonStderrFile, ...newest].flatMap(lastLines);
  return lines.length === 0 ? 'empty' : lines.join('\n');
}

function lastLines(file: string): string[] {
  const text = readFileSync(file, 'utf8').slice(-LOG_BYTES).trimEnd();
  return text === '' ? [] : text.split('\n').slice(-LOG_LINES).map(plain);
}
