export type { EventHub } from './event-hub.ts';
export { hashUid, openLog, type Log, type LogFields } from './log.ts';
export type { LogRing } from './log-ring.ts';
export type { Metrics } from './metrics.ts';
export { openObservers } from './observers.ts';
export type { Throughput } from './throughput.ts';
export { openAlerts, type Alerts } from './alerts.ts';
export { auditXml, type AuditMessage } from './audit-message.ts';
export { startSchedules, type Schedules, type Task, type TaskRun } from './schedules.ts';
