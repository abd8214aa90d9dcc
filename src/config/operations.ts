import { z } from 'zod';
import { port, tls } from './destinations.ts';

/** Five fields; what they mean is judged when they come into force. */
export const crontab = z
  .string()
  .regex(/^(\S+ ){4}\S+$/, 'a schedule has five fields: minute hour day-of-month month day-of-week')
  .describe('Five fields as in crontab, local time: minute hour day-of-month month day-of-week');

const email = z.strictObject({
  host: z.string().min(1).describe('Mail server'),
  port: port.default(587),
  secure: z
    .boolean()
    .default(false)
    .describe('TLS from the first byte (port 465); else STARTTLS where offered'),
  user: z.string().min(1).optional(),
  password: z.string().min(1).optional(),
  from: z.string().min(3),
  to: z.array(z.string().min(3)).min(1),
});

const webhook = z
  .strictObject({
    webhookUrl: z.url({ protocol: /^https?$/ }),
    headers: z.record(z.string(), z.string()).default({}),
  })
  .describe('Gets each alert as a JSON object {"text", "kind", "node", "at"}');

/** What the node does by itself, and whom it tells. */
export const operations = z.strictObject({
  selfTest: z
    .strictObject({ schedule: crontab.default('15 3 * * *') })
    .prefault({})
    .describe('The shipped phantom is analysed and compared with what it holds and with earlier nights'),
  watch: z
    .strictObject({
      schedule: crontab.default('*/10 * * * *'),
      certificateDays: z.number().positive().default(30),
    })
    .prefault({})
    .describe('Looks at disk and certificates'),
  retention: z
    .strictObject({
      schedule: crontab.default('45 3 * * *'),
      maxAgeDays: z
        .number()
        .min(1)
        .optional()
        .describe('Studies without a new image for so long are deleted'),
      minimumFreeMegabytes: z
        .number()
        .positive()
        .optional()
        .describe('While less is free, the oldest studies of at least a day are deleted'),
    })
    .optional()
    .describe('Left out: nothing is ever deleted. Studies whose results still wait for a destination stay'),
  backup: z
    .strictObject({
      schedule: crontab.default('30 2 * * *'),
      folder: z.string().min(1).describe('Best on another disk'),
      keep: z.int().min(1).default(14),
    })
    .optional()
    .describe('Copies of the index and the configuration; images lie in the PACS'),
  alerts: z
    .strictObject({
      email: email.optional(),
      webhook: webhook.optional(),
      atMostEveryMinutes: z.number().nonnegative().default(30).describe('Of one kind; others are counted'),
    })
    .optional(),
  audit: z
    .strictObject({
      host: z.string().min(1),
      port: port.default(6514),
      tls: tls.optional().describe('Left out: TCP without encryption, for a collector on this machine'),
    })
    .optional()
    .describe('Audit messages (PS3.15 A.5) go to this syslog collector (RFC 5425)'),
});

/** Sign-in with the accounts of the hospital. */
export const oidc = z
  .strictObject({
    issuer: z.url({ protocol: /^https?$/ }).describe('OpenID provider, the part before /.well-known'),
    clientId: z.string().min(1),
    clientSecret: z.string().min(1).optional(),
    pageUrl: z
      .url({ protocol: /^https?$/ })
      .describe('How browsers reach this page; the provider must know PAGE/api/oidc/callback'),
    scope: z.string().default('openid profile'),
    nameClaim: z.string().default('preferred_username'),
    roleClaim: z.string().default('groups'),
    admins: z.array(z.string()).default([]).describe('Values of the role claim that make an administrator'),
    readers: z
      .array(z.string())
      .default([])
      .describe('Values that let somebody look; empty: any account may'),
  })
  .describe('OpenID Connect, beside the accounts of the node');
