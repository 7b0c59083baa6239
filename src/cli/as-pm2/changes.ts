import type { ExitCode } from '../context.ts';
import { act } from './actions.ts';
import { init } from './init.ts';
import { flush, reloadLogs, reset, scale, send, sendSignal } from './rest.ts';
import { clearDump, kill, resurrect, save } from './saved.ts';
import { serve } from './serve.ts';
import { conf, config, get, multiset, set, unset } from './settings.ts';
import type { Stage } from './stage.ts';
import { start, startOr } from './start.ts';
import { update } from './update.ts';

/** The commands of PM2 that change something: by the words of `CHANGES` in run.ts. */
const COMMANDS: Readonly<Record<string, (stage: Stage) => Promise<ExitCode>>> = {
  start: (stage) => start(stage, 'start'),
  startOrRestart: (stage) => startOr(stage, 'start'),
  startOrReload: (stage) => startOr(stage, 'reload'),
  startOrGracefulReload: (stage) => startOr(stage, 'reload'),
  stop: (stage) => act(stage, 'stop'),
  restart: (stage) => act(stage, 'restart'),
  reload: (stage) => act(stage, 'reload'),
  delete: (stage) => act(stage, 'delete'),
  del: (stage) => act(stage, 'delete'),
  dump: save,
  cleardump: clearDump,
  save,
  resurrect,
  kill,
  scale,
  reset,
  sendSignal,
  send,
  flush,
  reloadLogs,
  serve,
  expose: serve,
  set,
  get,
  unset,
  multiset,
  conf,
  config,
  update,
  updatePM2: update,
  init,
  ecosystem: init,
};

/**
 * Runs a command of PM2 that changes something.
 * @param stage of the command
 * @returns 0 or 1
 */
export function change(stage: Stage): Promise<ExitCode> {
  const run = COMMANDS[stage.call.word ?? ''];
  if (run === undefined) throw new TypeError(`${stage.call.word}: expected a command of CHANGES`);
  return run(stage);
}
