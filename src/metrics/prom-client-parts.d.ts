// prom-client has types for its front door only. Its parts are loaded one by one because the whole takes 12 MB of
// memory, three quarters of it for what the daemon does not use, and its event loop monitor never lets a process rest.
declare module 'prom-client/lib/registry.js' {
  export { Registry as default } from 'prom-client';
}
declare module 'prom-client/lib/counter.js' {
  export { Counter as default } from 'prom-client';
}
declare module 'prom-client/lib/gauge.js' {
  export { Gauge as default } from 'prom-client';
}
declare module 'prom-client/lib/metrics/*' {
  import type { Registry } from 'prom-client';

  const register: (registry: Registry) => void;
  export default register;
}
