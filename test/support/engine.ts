import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SCRIPTS = fileURLToPath(new URL('../engine', import.meta.url));
const QUICK_MS = 20_000;
const IMAGE_MS = 600_000;
/** Of image.sh. */
const MISSING_CODE = 3;
const PULL_MS = 300_000;
const STACK_IMAGE = 'promvisor-test-stack';
const call = promisify(execFile);

/** A Docker engine that the tests may use, or why there is none. */
export type Engine =
  | { readonly kind: 'none'; readonly reason: string }
  | { readonly kind: 'running'; close(): Promise<void> };

/**
 * The engine of this machine where one answers, else one that is started for the caller alone.
 * From here on this process, and testcontainers in it, talks to that engine.
 * @returns the engine; `close` leaves nothing of it
 */
export async function openEngine(): Promise<Engine> {
  // Its helper container would have to be pulled. Tests stop what they start.
  process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
  if (await answers('docker', ['info'])) return { kind: 'running', close: removeImages };
  const folder = mkdtempSync(path.join(tmpdir(), 'pmv-engine-'));
  const child = spawn('bash', [path.join(SCRIPTS, 'dockerd.sh'), folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // Whatever ends the tests must not end it halfway: it ends when its input does.
    detached: true,
  });
  const said: string[] = [];
  const lines = createInterface({ input: child.stdout }).on('line', (line) => said.push(line));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await Promise.race([new Promise((resolve) => lines.once('line', resolve)), ended]);
  const close = async () => {
    child.stdin.end();
    await ended;
    rmSync(folder, { recursive: true, force: true });
    const complaints = said.filter((line) => line !== 'ready');
    if (complaints.length > 0)
      throw new Error(`expected an engine that ends by itself, got:\n${complaints.join('\n')}`);
  };
  if (said[0] === 'ready') {
    process.env['DOCKER_HOST'] = `unix://${path.join(folder, 'docker.sock')}`;
    return { kind: 'running', close };
  }
  await close().catch(() => {});
  return { kind: 'none', reason: `no Docker engine: ${said[0] ?? 'dockerd.sh said nothing'}` };
}

/** A name, or why there is none. */
export type StackImage = { readonly name: string } | { readonly reason: string };

/**
 * Makes the image that has `prometheus` and `prometheus-alertmanager`, in the engine of `openEngine`.
 * @returns its name, or what it takes that is not here
 * @throws Error that says what went wrong
 */
export async function makeStackImage(): Promise<StackImage> {
  const folder = mkdtempSync(path.join(tmpdir(), 'pmv-image-'));
  try {
    await call('bash', [path.join(SCRIPTS, 'image.sh'), STACK_IMAGE, folder], { timeout: IMAGE_MS });
    return { name: STACK_IMAGE };
  } catch (error) {
    const { code, stdout } = error as { readonly code?: number; readonly stdout?: string };
    const said = stdout?.trim() || String(error);
    if (code === MISSING_CODE) return { reason: said };
    throw new Error(`${STACK_IMAGE}: expected an image: ${said}`, { cause: error });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Sees to it that images are in the engine.
 * @param images names with tags
 * @returns why not, when public images cannot be pulled here
 * @throws Error when one cannot be pulled although others can
 */
export async function pullImages(images: readonly string[]): Promise<string | undefined> {
  const here = await Promise.all(images.map((image) => answers('docker', ['image', 'inspect', image])));
  const missing = images.filter((_, index) => here[index] === false);
  if (missing.length === 0) return undefined;
  if (!(await answers('docker', ['pull', '--quiet', 'hello-world'])))
    return `no public image can be pulled here: ${missing.join(', ')}`;
  for (const image of missing) await call('docker', ['pull', '--quiet', image], { timeout: PULL_MS });
  return undefined;
}

/** Tells whether a command ends well, soon. */
async function answers(program: string, args: readonly string[]): Promise<boolean> {
  return call(program, args, { timeout: QUICK_MS }).then(
    () => true,
    () => false,
  );
}

/** On an engine that was there before. */
async function removeImages(): Promise<void> {
  for (const image of [STACK_IMAGE, `${STACK_IMAGE}-base`]) await answers('docker', ['image', 'rm', '--force', image]);
}
