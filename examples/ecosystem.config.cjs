module.exports = {
  apps: [
    {
      name: 'api',
      script: './server.js',
      cwd: __dirname,
      instances: 'max',
      exec_mode: 'cluster',
      max_memory_restart: '500M',
      env: {
        NODE_ENV: 'development',
        PORT: 3000,
      },
      env_production: {
        NODE_ENV: 'production',
      },
      error_file: './logs/api-error.log',
      out_file: './logs/api-out.log',
      time: true,
    },
    {
      name: 'cron-worker',
      script: './cron.js',
      cwd: __dirname,
      instances: 1,
      exec_mode: 'fork',
      autorestart: true,
      cron_restart: '0 4 * * *',
    },
    {
      name: 'queue-worker',
      script: './queue-worker.js',
      cwd: __dirname,
      max_memory_restart: '200M',
      exp_backoff_restart_delay: 100,
      env: {
        JOBS_PER_SECOND: 2,
      },
    },
  ],
};
