/** The apps of the two hosts of the run, as ecosystem files. */
import { fileURLToPath } from 'node:url';

const program = (name) => fileURLToPath(new URL(name, import.meta.url));
const worker = (name, args, keys = {}) => ({ name, script: program('worker.cjs'), args, ...keys });

/**
 * @param {{ faults: string, ports: { shop: number, catalog: number, blog: number } }} options folder of fault files; ports
 */
export function webOne({ faults, ports }) {
  return [
    {
      name: 'shop',
      script: program('shop.cjs'),
      exec_mode: 'cluster',
      instances: 3,
      max_memory_restart: '300M',
      listen_timeout: 10_000,
      env: { PORT: String(ports.shop), UPSTREAM: `http://127.0.0.1:${ports.catalog}`, FAULTS: faults },
    },
    { name: 'catalog', script: program('shop.cjs'), env: { PORT: String(ports.catalog) } },
    worker('thumbnails', ['leak', '170'], { max_memory_restart: '140M', namespace: 'media' }),
    worker('importer', ['throw', '40'], { exp_backoff_restart_delay: 500, min_uptime: 1000 }),
    worker('broken', ['exit', '0.3'], { max_restarts: 4, restart_delay: 300, min_uptime: 5000, namespace: 'media' }),
    worker('report', ['none'], { cron_restart: '*/3 * * * *' }),
  ];
}

/** @param {Parameters<typeof webOne>[0]} options */
export function webTwo({ ports }) {
  return [
    {
      name: 'blog',
      script: program('shop.cjs'),
      exec_mode: 'cluster',
      instances: 2,
      max_memory_restart: '200M',
      env: { PORT: String(ports.blog) },
    },
    worker('mailer', ['heap', '200'], { node_args: '--max-old-space-size=48', max_memory_restart: '400M' }),
    worker('crawler', ['exit', '60'], { restart_delay: 1000 }),
  ];
}
