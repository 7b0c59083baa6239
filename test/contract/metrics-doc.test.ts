import { expect, it } from 'vitest';
import { metricsDoc } from '../support/metrics-doc.ts';

it('docs/metrics.md is made from the contract', async () => {
  await expect(metricsDoc()).toMatchFileSnapshot('../../docs/metrics.md');
});
