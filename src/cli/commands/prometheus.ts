import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { PromvisorError } from '../../base/errors.ts';
import { loadSettings } from '../../config/settings.ts';
import { type CliContext, type ExitCode, reader, writeJson } from '../context.ts';
import { renderScrapeConfig, type ScrapeConfig } from '../render/prometheus.ts';

/** What listens on every address of the host. */
const EVERY_HOST = new Set(['0.0.0.0', '[::]']);

/**
 * `prometheus config`: what a Prometheus needs to scrape the promvisor of this host.
 * @param context of the command
 * @param operands `config`
 * @param options `rules`: with the rule files that come with promvisor
 * @returns 0
 * @throws PromvisorError USAGE, SETTINGS_INVALID, NOT_SUPPORTED when nothing listens, NO_DAEMON when only a daemon knows the port
 */
export async function prometheusCommand(
  context: CliContext,
  operands: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<ExitCode> {
  if (operands.length !== 1 || operands[0] !== 'config') {
    throw new PromvisorError('USAGE', `prometheus: expected "config", got "${operands.join(' ')}"`);
  }
  const config: ScrapeConfig = {
    target: reachable(await listenAddress(context)),
    ruleFiles: options['rules'] === true ? ruleFiles(context) : null,
  };
  if (context.json) writeJson(context, config);
  else context.terminal.out(renderScrapeConfig(config));
  return 0;
}

/** host:port as the daemon has it, or as the settings will have the next one. */
async function listenAddress(context: CliContext): Promise<string> {
  const address = await ofDaemon(context);
  const known = address === undefined ? await ofSettings(context) : address;
  if (known !== null) return known;
  throw new PromvisorError('NOT_SUPPORTED', 'http.listen: expected an address that can be scraped, got "off"');
}

/** Undefined without a daemon, null when it listens nowhere. */
async function ofDaemon(context: CliContext): Promise<string | null | undefined> {
  try {
    const { http } = await reader(context).ping();
    return http.address ?? http.listen;
  } catch (error) {
    if (error instanceof PromvisorError && error.code === 'NO_DAEMON') return undefined;
    throw error;
  }
}

async function ofSettings({ home, env }: CliContext): Promise<string | null> {
  const { listen } = (await loadSettings(home, env)).http;
  if (listen === null) return null;
  if (listen.port === 0) {
    throw new PromvisorError(
      'NO_DAEMON',
      `no daemon serves ${home.root}, and only it knows which port http.listen "${listen.host}:0" came to`,
    );
  }
  return listen.host.includes(':') ? `[${listen.host}]:${listen.port}` : `${listen.host}:${listen.port}`;
}

function reachable(address: string): string {
  const split = address.lastIndexOf(':');
  return EVERY_HOST.has(address.slice(0, split)) ? `${hostname()}${address.slice(split)}` : address;
}

/** They lie beside the bundles' folder in the package. */
function ruleFiles({ daemonFile }: CliContext): string {
  const folder = path.resolve(path.dirname(daemonFile), '../../prometheus/rules');
  if (existsSync(folder)) return path.join(folder, '*.yml');
  throw new PromvisorError(
    'NOT_FOUND',
    `${folder}: expected the rule files that come with promvisor, got no such folder`,
  );
}
