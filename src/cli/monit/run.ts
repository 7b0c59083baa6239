import type { Client } from '../../api/client.ts';
import type { InstanceView } from '../../api/contract.ts';
import { messageOf } from '../../base/errors.ts';
import { withResolvers } from '../../base/with-resolvers.ts';
import type { CliContext } from '../context.ts';
import { type Done, progressLine } from '../render/progress.ts';
import { painter } from '../render/style.ts';
import { keysIn, press, type Wish } from './keys.ts';
import { createLogFeed } from './log-feed.ts';
import { startPolling } from './poll.ts';
import { renderMonit } from './render.ts';
import { openScreen } from './screen.ts';
import { EMPTY, type MonitAction, type MonitState, withInstances, withLines } from './state.ts';
import { takeTerminal } from './take-terminal.ts';

/** What changes within so long is drawn at once. */
const FRAME_MS = 50;
const DONE: Readonly<Record<MonitAction, Done>> = { restart: 'restarted', reload: 'reloaded', stop: 'stopped' };

export interface MonitOptions {
  readonly context: CliContext;
  readonly client: Client;
  /** What the daemon has told already. */
  readonly instances: readonly InstanceView[];
}

/**
 * Shows the apps on the terminal until the user has seen enough. The terminal is given back as it was, however this
 * ends.
 * @param options context, client, and the first list
 * @throws PromvisorError NO_DAEMON when the daemon goes and does not come back
 */
export async function runMonit({ context, client, instances }: MonitOptions): Promise<void> {
  let state = withInstances(EMPTY, instances);
  let frame: NodeJS.Timeout | null = null;
  const ended = withResolvers();
  let failure: unknown = null;
  const screen = openScreen((text) => void process.stdout.write(text));
  const feed = createLogFeed(client, later);

  function later(): void {
    frame ??= setTimeout(draw, FRAME_MS);
  }

  function draw(): void {
    frame = null;
    const lines = feed.take();
    if (lines.length > 0) state = withLines(state, lines);
    const { columns: width, rows: height } = process.stdout;
    screen.draw(renderMonit(state, { width, height, nowMs: context.nowMs(), paint: context.terminal.paint }), width);
  }

  function become(next: MonitState): void {
    const before = state;
    state = next;
    const isBack = next.answered && !feed.isOpen() && next.selectedId !== null;
    if (next.selectedId !== before.selectedId) feed.follow(next.selectedId);
    else if (isBack) {
      // The stream broke off: what it had shown is in the files, and comes again.
      state = { ...next, lines: [], scroll: 0 };
      feed.follow(next.selectedId);
    }
    later();
  }

  async function act({ action, id }: Extract<Wish, { type: 'act' }>): Promise<void> {
    become({ ...state, note: { text: `${action} of ${id} …`, style: null } });
    try {
      for await (const step of client.action({ action, targets: [String(id)] })) {
        if (step.type !== 'instance') continue;
        const [text = ''] = progressLine(step, DONE[action], painter(false)).split('\n');
        become({ ...state, note: { text, style: step.ok ? 'green' : 'red' } });
      }
    } catch (error) {
      become({ ...state, note: { text: `${action}: ${messageOf(error)}`, style: 'red' } });
    }
  }

  const giveBack = takeTerminal({
    onText(text) {
      for (const key of keysIn(text)) {
        const { state: next, wish } = press(state, key);
        become(next);
        if (wish?.type === 'quit') ended.resolve();
        if (wish?.type === 'act') void act(wish);
      }
    },
    onResize() {
      screen.forget();
      later();
    },
    onEnd: ended.resolve,
    onDying: screen.leave,
  });
  const onFailed = (error: unknown) => {
    failure = error;
    ended.resolve();
  };
  const endPolling = startPolling({ client, state: () => state, onState: become, onFailed });
  feed.follow(state.selectedId);
  try {
    draw();
    await ended.promise;
  } finally {
    endPolling();
    feed.close();
    if (frame !== null) clearTimeout(frame);
    screen.leave();
    giveBack();
  }
  if (failure !== null) throw failure;
}
