/** Just enough of a browser's document to run the page's script and read what a person would. */
export class FakeElement {
  readonly tag: string;
  readonly children: (FakeElement | string)[] = [];
  readonly dataset: Record<string, string> = {};
  readonly style: Record<string, string> = {};
  readonly classes = new Set<string>();
  readonly listeners = new Map<string, () => void>();
  parent: FakeElement | null = null;
  hidden = false;
  value = '';
  title = '';
  scope = '';

  constructor(tag: string) {
    this.tag = tag;
  }

  get classList() {
    return {
      add: (name: string) => this.classes.add(name),
      toggle: (name: string, on: boolean) => (on ? this.classes.add(name) : this.classes.delete(name)),
    };
  }

  get className(): string {
    return [...this.classes].join(' ');
  }

  set className(text: string) {
    this.classes.clear();
    for (const name of text.split(' ').filter(Boolean)) this.classes.add(name);
  }

  get textContent(): string {
    return this.children.map((child) => (typeof child === 'string' ? child : child.textContent)).join(' ');
  }

  set textContent(text: string) {
    this.children.length = 0;
    this.children.push(text);
  }

  append(...children: (FakeElement | string)[]): void {
    for (const child of children) this.insertBefore(child, null);
  }

  replaceChildren(...children: (FakeElement | string)[]): void {
    this.children.length = 0;
    this.append(...children);
  }

  insertBefore(child: FakeElement | string, next: FakeElement | null): void {
    if (child instanceof FakeElement) {
      child.remove();
      child.parent = this;
    }
    this.children.splice(next === null ? this.children.length : this.children.indexOf(next), 0, child);
  }

  remove(): void {
    const at = this.parent?.children.indexOf(this) ?? -1;
    if (at >= 0) this.parent?.children.splice(at, 1);
    this.parent = null;
  }

  addEventListener(type: string, listener: () => void): void {
    this.listeners.set(type, listener);
  }
}

export class FakeDocument {
  readonly body = new FakeElement('body');
  readonly made: FakeElement[] = [];
  readonly listeners = new Map<string, () => void>();
  hidden = false;
  title = '';
  readonly #byId = new Map<string, FakeElement>();

  /**
   * @param ids those that the page's markup holds
   */
  constructor(ids: readonly string[]) {
    for (const id of ids) this.#byId.set(id, new FakeElement('div'));
  }

  getElementById(id: string): FakeElement | null {
    return this.#byId.get(id) ?? null;
  }

  createElement(tag: string): FakeElement {
    const element = new FakeElement(tag);
    this.made.push(element);
    return element;
  }

  addEventListener(type: string, listener: () => void): void {
    this.listeners.set(type, listener);
  }
}
