import { z } from 'zod';

/** Every pipeline of this version; `src/node-routes.ts` does not compile where that is not so. */
export const pipelineId = z.enum(['tof-patch', 'tof-coarse-fine', 'ncct-haemorrhage', 'cta-resnet']);
