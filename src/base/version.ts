/** Put in by the build from package.json; absent where the sources run unbundled (tests). */
declare const __PROMVISOR_VERSION__: string | undefined;

export const VERSION: string = typeof __PROMVISOR_VERSION__ === 'string' ? __PROMVISOR_VERSION__ : '0.0.0-source';

/** Of the state file: grows with every change that an older daemon would misread. */
export const STATE_VERSION = 1;
