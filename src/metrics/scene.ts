import type { AppSpec } from '../core/spec.ts';
import { labelsText } from './format.ts';
import type { FleetSource, InstanceSource } from './source.ts';

/** The fleet as one scrape sees it. */
export interface Scene {
  readonly source: FleetSource;
  readonly instances: readonly Seat[];
  readonly apps: readonly AppGroup[];
}

/** An instance with the text of its labels. */
export interface Seat {
  readonly instance: InstanceSource;
  readonly labels: string;
}

/** The instances of one app. */
export interface AppGroup {
  readonly spec: AppSpec;
  readonly labels: string;
  /** Labels of promvisor_app_info. */
  readonly info: string;
  readonly instances: readonly InstanceSource[];
}

/** Texts of one instance's labels; the same objects as long as its spec is the same. */
interface Texts {
  readonly spec: AppSpec;
  readonly app: string;
  readonly info: string;
  readonly own: string;
}

/** Makes scenes and remembers the texts of labels as long as their instance is there. */
export interface SceneMaker {
  make(source: FleetSource): Scene;
}

export function createSceneMaker(): SceneMaker {
  const texts = new WeakMap<InstanceSource, Texts>();

  function textsOf(instance: InstanceSource): Texts {
    const { spec, slot } = instance;
    const known = texts.get(instance);
    // A changed spec is a new object; the app's name may have changed with it.
    if (known?.spec === spec) return known;
    const app = appLabels(spec);
    const { execMode, interpreter } = spec.process;
    const info = `${app},${labelsText({ exec_mode: execMode, interpreter, version: spec.version })}`;
    const made = { spec, app, info, own: `${app},${labelsText({ instance_id: String(slot) })}` };
    texts.set(instance, made);
    return made;
  }

  return {
    make(source) {
      const instances: Seat[] = [];
      const apps = new Map<string, AppGroup & { readonly instances: InstanceSource[] }>();
      for (const instance of source.instances()) {
        const { app, info, own } = textsOf(instance);
        instances.push({ instance, labels: own });
        const group = apps.get(app);
        if (group === undefined) apps.set(app, { spec: instance.spec, labels: app, info, instances: [instance] });
        else group.instances.push(instance);
      }
      return { source, instances, apps: [...apps.values()] };
    },
  };
}

/**
 * Text of the labels that every metric of an app has.
 * @param spec the app
 */
export function appLabels(spec: AppSpec): string {
  return labelsText({ app: spec.name, namespace: spec.namespace });
}
