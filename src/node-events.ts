import { isMixed } from './analysis/index.ts';
import type { Orphans } from './archive/index.ts';
import type { DeliveryEvents } from './delivery/index.ts';
import { WillisError, describeError } from './errors.ts';
import type { SeriesFindings } from './findings/index.ts';
import type { Judgement } from './intake/index.ts';
import type { RunnerEvents } from './jobs/index.ts';
import type { NodeAudit } from './node-audit.ts';
import {
  hashUid,
  type Alerts,
  type EventHub,
  type Log,
  type LogFields,
  type Metrics,
} from './operations/index.ts';

/** What happens in the node, told once: each event is a log line an administrator understands, without patient data. */
export interface NodeEvents {
  readonly log: Log;
  readonly judged: (judgement: Judgement) => void;
  readonly analysed: (analysed: { seriesId: number; findings: SeriesFindings; provider: string }) => void;
  readonly waiting: (waiting: { seriesId: number; error: WillisError }) => void;
  readonly delivery: DeliveryEvents;
  readonly priorsFetched: (fetched: { seriesId: number; studies: number; failed: number }) => void;
  readonly conflict: (sopInstanceUid: string) => void;
  readonly orphansSettled: (orphans: Orphans) => void;
  readonly jobFailed: RunnerEvents['onFailure'];
  readonly jobsRescued: RunnerEvents['onRescue'];
  /** Something beside the images' way failed: nothing is lost by it. */
  readonly bookkeepingFailed: (error: unknown) => void;
}

interface Watchers {
  readonly hub: EventHub;
  readonly metrics: Metrics;
  readonly alerts: Alerts;
  readonly audit: Pick<NodeAudit, 'delivered'>;
}

export function nodeEvents(log: Log, to: Watchers): NodeEvents {
  const { hub, metrics, alerts } = to;
  return {
    log,
    judged: ({ seriesId, seriesInstanceUid, rule, reason }) => {
      const fields: LogFields = { seriesId, series: hashUid(seriesInstanceUid) };
      hub.publish({ kind: 'series', seriesId });
      if (rule === null) log.warn('series taken by no rule', { ...fields, why: reason?.text ?? '' });
      else if (reason === null) log.info('series complete, analysis queued', { ...fields, rule: rule.name });
      else
        log.warn('series cannot be analysed', {
          ...fields,
          ...{ rule: rule.name, code: reason.code, why: reason.text },
        });
    },
    analysed: analysedEvent(log, to),
    waiting: waitingEvent(log, alerts),
    delivery: deliveryEvents(log, to),
    priorsFetched: (fetched) => log.info('earlier studies looked for', fetched),
    orphansSettled: orphansEvent(log, alerts),
    conflict: (uid) =>
      log.warn('an instance came again with other content; the first one stays the input, both are kept', {
        instance: hashUid(uid),
      }),
    jobFailed: (job, error, next, dueAt) => {
      const fields: LogFields = { job: job.key, attempt: job.attempt, why: describeError(error) };
      metrics.jobFailed(job.kind, next);
      hub.publish({ kind: 'job' });
      if (next === 'dead') {
        log.error('job given up', fields);
        alerts.raise('job given up', `The job ${job.key} was given up: ${describeError(error)}`);
        return;
      }
      const inSeconds = Math.max(0, Math.round((dueAt - Date.now()) / 1000));
      log.warn('job failed, will be tried again', { ...fields, inSeconds });
      // nobody notices otherwise: there is no peer that complains
      if (error instanceof WillisError && error.code === 'JOB_KIND_UNKNOWN')
        alerts.raise('work waits', describeError(error));
    },
    bookkeepingFailed: (error) => log.warn('bookkeeping failed', { why: describeError(error) }),
    jobsRescued: (count) => log.warn('jobs of a stopped worker were taken up again', { count }),
  };
}

function orphansEvent(log: Log, alerts: Alerts): NodeEvents['orphansSettled'] {
  return ({ cutOff, setAside, returned }) => {
    if (cutOff > 0)
      log.info('removed files of transfers that were cut off before their acknowledgement', {
        count: cutOff,
      });
    if (returned > 0)
      log.info('instances that the index names were moved back from "unindexed"', { returned });
    if (setAside === 0) return;
    const text = `${setAside} instances that the index does not name were moved to "unindexed" in the data folder. Was an older index restored, or lost?`;
    log.error(text, { count: setAside });
    alerts.raise('instances without index', `${text} docs/administrator.md tells what to do.`);
  };
}

function analysedEvent(log: Log, { hub, metrics, alerts }: Watchers): NodeEvents['analysed'] {
  return ({ seriesId, findings, provider }) => {
    const ms = Object.values(findings.timingsMs).reduce<number>((sum, part) => sum + Number(part), 0);
    metrics.analysis(findings.pipeline, findings.state, ms / 1000);
    hub.publish({ kind: 'analysis', seriesId });
    const fields: LogFields = {
      seriesId,
      pipeline: findings.pipeline,
      state: findings.state,
      findings: findings.findings.length,
      ms,
      provider,
    };
    if (findings.state !== 'not-analysed') {
      log.info('series analysed', fields);
      return;
    }
    const { reason } = findings;
    log.warn('series not analysed', { ...fields, code: reason.code });
    // nothing of it reaches the PACS: somebody must be told otherwise
    if (isMixed(reason))
      alerts.raise('mixed series', `Series ${seriesId} of the page: ${reason.code}: ${reason.text}`);
  };
}

function waitingEvent(log: Log, alerts: Alerts): NodeEvents['waiting'] {
  return ({ seriesId, error }) => {
    log.warn('series waits for the inference server', { seriesId, why: describeError(error) });
    alerts.raise('inference server', `Series wait for the inference server: ${describeError(error)}`);
  };
}

function deliveryEvents(log: Log, { hub, metrics, audit }: Watchers): DeliveryEvents {
  return {
    delivered: (delivery) => {
      metrics.delivered(delivery.destination, delivery.stored);
      audit.delivered(delivery.analysisId, delivery.destination);
      hub.publish({ kind: 'delivery', analysisId: delivery.analysisId });
      log.info('results stored by the destination', delivery);
    },
    superseded: (superseded) =>
      log.info('not sent: a newer result of the series has replaced it', superseded),
    givenUp: ({ kind, instead, ...rest }) =>
      log.warn(`the destination does not take "${kind}", "${instead}" is sent instead`, {
        ...rest,
        kind,
        instead,
      }),
    uncompressed: (sent) => log.warn('the destination does not take the compression, sent without', sent),
    committed: (report) => log.info('the destination has taken responsibility for results', report),
    notCommitted: (failure) =>
      log.warn('the destination has not taken responsibility, results are sent again', failure),
    notified: (notice) => log.info('results announced', notice),
  };
}
