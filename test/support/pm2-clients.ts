import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import packages from '../pm2/clients.json' with { type: 'json' };
import { freePort } from './cluster.ts';
import type { TestHome } from './test-home.ts';
import { until } from './until.ts';

const run = promisify(execFile);

/**
 * What reads PM2, by the name that it is installed under. The exporters bring clients of PM2 2 and 4 along.
 * test/run.sh installs the same while the first tests run.
 */
const PACKAGES: Readonly<Record<Pm2Package, string>> = packages;

export type Pm2Package = keyof typeof packages;

const INSTALL_MS = 240_000;

/**
 * Installs PM2's clients and two exporters from npm into a cache folder below the system's temp folder: they are run,
 * never read, and no dependency of ours.
 * @returns the folder node_modules
 * @throws Error when no registry answers
 */
export async function installPm2Clients(): Promise<string> {
  const folder = path.join(tmpdir(), 'promvisor-test-cache-pm2-clients-1');
  const modules = path.join(folder, 'node_modules');
  const names = Object.keys(PACKAGES);
  if (names.every((name) => existsSync(path.join(modules, name, 'package.json')))) return modules;
  // Two runs at once make one each, and the first that is done stays.
  const fresh = mkdtempSync(`${folder}-`);
  const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--no-save', '--omit=optional'];
  const wanted = Object.entries(PACKAGES).map(([name, version]) => `${name}@${version}`);
  try {
    await run('npm', ['install', '--prefix', fresh, ...options, ...wanted], { cwd: fresh, timeout: INSTALL_MS });
    if (!existsSync(folder)) renameSync(fresh, folder);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return modules;
}

/** Runs a program that uses `require('pm2')`, and gives what it prints. */
export async function runClient(home: TestHome, modules: string, { name, source }: ClientProgram): Promise<string> {
  const file = home.write(
    `${name}.cjs`,
    `const pm2 = require(${JSON.stringify(path.join(modules, name))});\n${source}`,
  );
  const { stdout } = await run(process.execPath, [file], { env: envOf(home), cwd: home.work, timeout: 40_000 });
  return stdout;
}

export interface ClientProgram {
  readonly name: Pm2Package;
  /** Has `pm2`. */
  readonly source: string;
}

/** Exporters want port 9209, which others may have. */
const OTHER_PORT = `const { Server } = require('node:net');
const listen = Server.prototype.listen;
Server.prototype.listen = function (port, ...rest) {
  return port === 9209 ? listen.call(this, Number(process.env.OTHER_PORT), '127.0.0.1') : listen.call(this, port, ...rest);
};
`;

/**
 * Starts an exporter and scrapes it until it shows what is wanted; it ends with the test.
 * @returns the page
 */
export async function scrapeExporter(
  home: TestHome,
  modules: string,
  { name, isWhole }: { readonly name: Pm2Package; readonly isWhole: (page: string) => boolean },
): Promise<string> {
  const port = await freePort();
  const preload = home.write('other-port.cjs', OTHER_PORT);
  const child = spawn(process.execPath, ['--require', preload, path.join(modules, name, 'exporter.js')], {
    env: { ...envOf(home), OTHER_PORT: String(port) },
    cwd: home.work,
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const look = async () => {
    const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return isWhole(page) && page;
  };
  return until(look, { what: `${name} shows every app` });
}

function envOf(home: TestHome): Record<string, string> {
  return { ...home.env, PM2_HOME: path.join(home.root, 'home'), PM2_DISABLE_VERSION_CHECK: 'true' };
}

/**
 * Asks one of PM2's sockets without any code of the product or of PM2.
 * @param socketPath of rpc.sock or pub.sock
 * @param bytes what is said
 * @returns what came until `isEnough`, or until the connection was closed
 */
export function askRaw(socketPath: string, bytes: Buffer, isEnough: (text: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(socketPath);
    let text = '';
    socket.setTimeout(20_000, () => socket.destroy(new Error(`${socketPath}: no end after ${JSON.stringify(text)}`)));
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (isEnough(text)) socket.destroy();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // The other end has closed while we still spoke.
      if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') reject(error);
    });
    socket.on('close', () => resolve(text));
    socket.write(bytes);
  });
}

/** A message as PM2's clients frame it. */
export function framed(...args: readonly string[]): Buffer {
  const parts = args.flatMap((arg) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(Buffer.byteLength(arg));
    return [length, Buffer.from(arg)];
  });
  return Buffer.concat([Buffer.of(0x10 | args.length), ...parts]);
}
