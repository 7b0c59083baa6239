export interface EcosystemText {
  readonly name: string;
  readonly script: string;
  /** Only what every app has. */
  readonly simple: boolean;
}

/**
 * A config file to begin with.
 * @param app its name, its script
 * @returns CommonJS
 */
export function ecosystemText({ name, script, simple }: EcosystemText): string {
  const app = `name: ${JSON.stringify(name)},\n      script: ${JSON.stringify(script)},`;
  if (simple) return `module.exports = {\n  apps: [\n    {\n      ${app}\n    },\n  ],\n};\n`;
  return `/** Every key: node_modules/promvisor/dist/schema/ecosystem.schema.json; "promvisor start" reads this file. */
module.exports = {
  apps: [
    {
      ${app}

      // One process per core that share the port; leave both out for a single process.
      instances: 1,
      exec_mode: 'fork', // or 'cluster'

      // promvisor start --env production lays env_production over env.
      env: { NODE_ENV: 'development' },
      env_production: { NODE_ENV: 'production' },

      max_memory_restart: '500M',
      // listen_timeout: 10000, // how long the app may take until it is ready
      // wait_ready: true, // ready when it calls process.send('ready')
      // cron_restart: '0 4 * * *',
      // watch: ['src'],
      // log_date_format: 'YYYY-MM-DD HH:mm:ss',
    },
  ],
};
`;
}
