import path from 'node:path';
import { PromvisorError } from '../../base/errors.ts';
import { isDirectory } from '../../config/script.ts';
import { resolveOperand } from '../app-sources.ts';
import { attachLogs } from '../attach-logs.ts';
import type { CliContext, ExitCode } from '../context.ts';
import { follow, writeOutcome } from '../progress.ts';
import { starter } from '../starter.ts';
import { showList } from './list.ts';

type Options = Readonly<Record<string, unknown>>;

const DEFAULT_PORT = '8080';

/**
 * `serve [FOLDER] [PORT]`: a static web server as an app of its own, `static-page-server-PORT`.
 * @param context of the command
 * @param operands folder (the working directory without) and port (8080 without)
 * @param options `--port --host --spa --name --basic-auth-username --basic-auth-password`
 * @returns 0 when it serves, 1 otherwise
 * @throws PromvisorError USAGE, ALREADY_RUNNING, DAEMON_START_FAILED
 */
export async function serveCommand(
  context: CliContext,
  operands: readonly string[],
  options: Options,
): Promise<ExitCode> {
  const [folder = '.', port = text(options, 'port') ?? DEFAULT_PORT, ...more] = operands;
  if (more.length > 0)
    throw new PromvisorError('USAGE', `serve: expected a folder and a port, got "${operands.join(' ')}"`);
  if (!/^\d{1,5}$/.test(port)) throw new PromvisorError('USAGE', `serve: expected a port such as 8080, got "${port}"`);
  const root = path.resolve(context.cwd, folder);
  if (!isDirectory(root)) throw new PromvisorError('USAGE', `serve: expected a folder, got "${folder}"`);
  const overrides = {
    name: text(options, 'name') ?? `static-page-server-${port}`,
    // Started means: it listens.
    wait_ready: true,
    env: { PM2_SERVE_PATH: root, PM2_SERVE_PORT: port, ...variables(options) },
  };
  // The bundles stand side by side.
  const operand = path.join(path.dirname(context.daemonFile), 'serve.cjs');
  const { apps } = await resolveOperand(context, { operand, overrides, options: {} });
  const client = await starter(context);
  const onExisting = options['force'] === true ? 'restart' : 'refuse';
  const outcome = await follow(context, client.start({ apps, onExisting }), 'started');
  if (context.json) writeOutcome(context, outcome);
  await showList(context);
  await attachLogs(context, options, outcome.instances);
  return outcome.exitCode;
}

function variables(options: Options): Record<string, string> {
  const user = text(options, 'basicAuthUsername');
  const password = text(options, 'basicAuthPassword');
  if ((user === null) !== (password === null)) {
    throw new PromvisorError(
      'USAGE',
      'serve: expected --basic-auth-username and --basic-auth-password, got one of them',
    );
  }
  const host = text(options, 'host');
  return {
    PM2_SERVE_SPA: String(options['spa'] === true),
    ...(host === null ? {} : { PM2_SERVE_HOST: host }),
    ...(user === null || password === null
      ? {}
      : { PM2_SERVE_BASIC_AUTH_USERNAME: user, PM2_SERVE_BASIC_AUTH_PASSWORD: password }),
  };
}

function text(options: Options, name: string): string | null {
  const value = options[name];
  return typeof value === 'string' && value !== '' ? value : null;
}
