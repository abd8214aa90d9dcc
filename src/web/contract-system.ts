import { z } from 'zod';

/** What the API answers about the node itself: log, audit, configuration, tasks, users. */
export const role = z.enum(['admin', 'reader']);
export const time = z.number();

export const logEntry = z.object({
  id: z.number(),
  at: time,
  level: z.enum(['info', 'warn', 'error']),
  message: z.string(),
  fields: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});

export const auditEntry = z.object({
  id: z.number(),
  at: time,
  who: z.string(),
  address: z.string(),
  action: z.string(),
  object: z.string(),
  outcome: z.enum(['success', 'refused']),
  detail: z.string(),
});

export const settings = z.object({
  file: z.string(),
  value: z.record(z.string(), z.unknown()).nullable(),
  sha256: z.string(),
  fault: z.string().nullable(),
  restartNeeded: z.array(z.string()),
});

export const settingsVersion = z.object({
  id: z.string(),
  at: time,
  who: z.string(),
  why: z.string(),
  sha256: z.string(),
});

const taskRun = z.object({
  task: z.string(),
  startedAt: time,
  finishedAt: time,
  outcome: z.enum(['success', 'failure']),
  detail: z.string(),
});

export const operations = z.object({
  tasks: z.array(
    z.object({ name: z.string(), schedule: z.string(), nextRunAt: time.nullable(), runs: z.array(taskRun) }),
  ),
  certificates: z.array(z.object({ file: z.string(), use: z.string(), subject: z.string(), validTo: time })),
  certificatesFault: z.string().nullable(),
});

export const user = z.object({ id: z.number(), name: z.string(), role, createdAt: time });
export const apiToken = z.object({
  id: z.number(),
  name: z.string(),
  scope: z.enum(['read', 'store', 'metrics']),
  createdAt: time,
});

export type ApiToken = z.infer<typeof apiToken>;
export type AuditEntry = z.infer<typeof auditEntry>;
export type LogLine = z.infer<typeof logEntry>;
export type Operations = z.infer<typeof operations>;
export type Settings = z.infer<typeof settings>;
export type SettingsVersion = z.infer<typeof settingsVersion>;
export type User = z.infer<typeof user>;
