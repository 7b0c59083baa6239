import type { Progress } from '../api/contract.ts';
import { type CliContext, type ExitCode, writeJson } from './context.ts';
import { type Done, failureSummary, type InstanceProgress, progressLine } from './render/progress.ts';

export interface Outcome {
  readonly exitCode: ExitCode;
  readonly instances: readonly InstanceProgress[];
}

/** Above this number of instances only a counter and the failures are shown. */
const LINES_MAX = 12;

/**
 * Follows a command until its end and shows how it goes.
 * @param context of the command
 * @param progress the daemon's answer
 * @param done the command's word
 * @returns exit code 1 when an instance did not do what it was told, and what became of each
 */
export async function follow(context: CliContext, progress: AsyncIterable<Progress>, done: Done): Promise<Outcome> {
  const view = createView(context, done);
  const instances: InstanceProgress[] = [];
  let ok = false;
  for await (const step of progress) {
    if (step.type === 'begin') {
      if (step.note !== undefined) context.terminal.err(`promvisor: ${step.note}\n`);
      view.begin(step.total);
    }
    if (step.type === 'end') {
      ok = step.ok;
      if (step.warning !== undefined) context.terminal.err(`promvisor: ${step.warning}\n`);
    }
    if (step.type === 'instance') {
      instances.push(step);
      view.step(step, instances.length);
    }
  }
  view.end(instances);
  return { exitCode: ok ? 0 : 1, instances };
}

/**
 * The outcome of a command as JSON.
 * @param context of the command
 * @param outcome what `follow` gave
 */
export function writeOutcome(context: CliContext, { exitCode, instances }: Outcome): void {
  const rows = instances.map(({ type: _type, ...rest }) => rest);
  writeJson(context, { ok: exitCode === 0, instances: rows });
}

interface View {
  begin(total: number): void;
  step(progress: InstanceProgress, count: number): void;
  end(instances: readonly InstanceProgress[]): void;
}

function createView({ terminal, json, silent }: CliContext, done: Done): View {
  const quiet = json || silent;
  let total = 0;
  /** Takes the live counter off the line. */
  const clear = () => {
    if (terminal.live && total > LINES_MAX) terminal.out('\r\u001b[K');
  };
  return {
    begin(count) {
      total = count;
    },
    step(progress, count) {
      if (quiet) return;
      const many = total > LINES_MAX;
      clear();
      if (!many || !progress.ok) terminal.out(`${progressLine(progress, done, terminal.paint)}\n`);
      if (many && terminal.live && count < total) terminal.out(`${count} of ${total} ${done}`);
    },
    end(instances) {
      const failures = instances.filter(({ ok }) => !ok);
      if (!quiet && total > LINES_MAX) terminal.out(`${total - failures.length} of ${total} instances ${done}\n`);
      if (failures.length > 0 && !json) terminal.err(`promvisor: ${failureSummary(failures, total, done)}\n`);
    },
  };
}
