module.exports = {
  apps: [
    {
      name: 'cron',
      script: 'worker.js',
      args: 'cron',
      cron_restart: '0 4 * * *',
      env: { STAGE: 'dev' },
      env_production: { STAGE: 'prod' },
    },
    {
      name: 'web',
      script: 'api.js',
      instances: 2,
      exec_mode: 'cluster',
      env: { PORT: '0' },
      max_memory_restart: '300M',
    },
  ],
};
