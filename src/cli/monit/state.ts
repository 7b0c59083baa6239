import type { DescribeView, InstanceView } from '../../api/contract.ts';
import type { Style } from '../render/style.ts';

/** What a key may have done to an app. */
export type MonitAction = 'restart' | 'reload' | 'stop';

/** A line of the log pane. */
export interface MonitLine {
  readonly atMs: number | null;
  readonly stream: 'out' | 'error';
  readonly text: string;
}

export interface Note {
  readonly text: string;
  readonly style: Style | null;
}

/** Everything that the screen shows. */
export interface MonitState {
  /** By name, then by id. */
  readonly instances: readonly InstanceView[];
  readonly selectedId: number | null;
  /** Only instances whose name, namespace or status has this text. */
  readonly filter: string;
  /** True while the filter is typed. */
  readonly typing: boolean;
  /** More of the selected one; null until the daemon has told. */
  readonly detail: DescribeView | null;
  /** Of the selected one, oldest first. */
  readonly lines: readonly MonitLine[];
  /** Lines that are below the bottom of the pane; 0: it follows. */
  readonly scroll: number;
  /** True: the log has the whole screen. */
  readonly zoomed: boolean;
  /** Waits for y. */
  readonly asking: { readonly action: MonitAction; readonly id: number } | null;
  /** What was done last. */
  readonly note: Note | null;
  /** False while no daemon answers. */
  readonly answered: boolean;
}

export const EMPTY: MonitState = {
  instances: [],
  selectedId: null,
  filter: '',
  typing: false,
  detail: null,
  lines: [],
  scroll: 0,
  zoomed: false,
  asking: null,
  note: null,
  answered: true,
};

/** More is in the files: `promvisor logs` has it. */
const MOST_LINES = 1_000;

/** The instances that the filter lets through. */
export function shownOf({ instances, filter }: MonitState): readonly InstanceView[] {
  const wanted = filter.toLowerCase();
  if (wanted === '') return instances;
  return instances.filter(({ app, namespace, pm2Status }) =>
    [app, namespace, pm2Status].some((text) => text.toLowerCase().includes(wanted)),
  );
}

/** The instance that keys are about; null when none is shown. */
export function selectedOf(state: MonitState): InstanceView | null {
  return shownOf(state).find(({ id }) => id === state.selectedId) ?? null;
}

/** The daemon has told of all instances. */
export function withInstances(state: MonitState, views: readonly InstanceView[]): MonitState {
  const before = shownOf(state).findIndex(({ id }) => id === state.selectedId);
  const instances = [...views].sort(byName);
  return settled({ ...state, instances, answered: true }, before);
}

function byName(a: InstanceView, b: InstanceView): number {
  if (a.app !== b.app) return a.app < b.app ? -1 : 1;
  return a.id - b.id;
}

/** The daemon has told more of one instance. */
export function withDetail(state: MonitState, detail: DescribeView): MonitState {
  const instances = state.instances.map((view) => (view.id === detail.id ? detail : view));
  return { ...state, instances, answered: true, detail: detail.id === state.selectedId ? detail : state.detail };
}

/** Lines have come; those that were scrolled back to stay in sight. */
export function withLines(state: MonitState, added: readonly MonitLine[]): MonitState {
  const lines = [...state.lines, ...added].slice(-MOST_LINES);
  const scroll = state.scroll === 0 ? 0 : Math.min(state.scroll + added.length, lines.length);
  return { ...state, lines, scroll };
}

/** Selects another one, whose log and details are yet to come. */
function select(state: MonitState, id: number | null): MonitState {
  if (id === state.selectedId) return state;
  return { ...state, selectedId: id, detail: null, lines: [], scroll: 0, asking: null };
}

/** Moves the selection by so many rows, no further than the ends. */
export function move(state: MonitState, by: number): MonitState {
  const shown = shownOf(state);
  const at = shown.findIndex(({ id }) => id === state.selectedId);
  const next = shown[Math.min(shown.length - 1, Math.max(0, at + by))];
  return select(state, next?.id ?? null);
}

/** Selects the first instance of the next app; after the last one the first again. */
export function nextApp(state: MonitState): MonitState {
  const shown = shownOf(state);
  const at = shown.findIndex(({ id }) => id === state.selectedId);
  const now = shown[at];
  const isOther = ({ app, namespace }: InstanceView) => app !== now?.app || namespace !== now.namespace;
  const next = shown.slice(at + 1).find(isOther) ?? shown[0];
  return select(state, next?.id ?? null);
}

/** Another filter: the selection stays where it can. */
export function withFilter(state: MonitState, filter: string): MonitState {
  return settled({ ...state, filter }, 0);
}

/** What was selected may be gone: then what is in its place now. */
function settled(state: MonitState, before: number): MonitState {
  const shown = shownOf(state);
  if (shown.some(({ id }) => id === state.selectedId)) return state;
  return select(state, shown[Math.min(Math.max(0, before), shown.length - 1)]?.id ?? null);
}
