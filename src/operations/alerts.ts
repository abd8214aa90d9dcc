import { createTransport } from 'nodemailer';
import { describeError } from '../errors.ts';
import type { Log } from './log.ts';

/** Tells people that something needs them. Texts hold no patient data. */
export interface Alerts {
  /** Never throws; of one kind at most one goes out in the configured time, the others are counted. */
  raise(kind: string, text: string): void;
  /** Resolves when all that was raised went out or failed. */
  settled(): Promise<void>;
}

export interface AlertOptions {
  readonly email?: EmailOptions | undefined;
  readonly webhook?:
    { readonly webhookUrl: string; readonly headers: Readonly<Record<string, string>> } | undefined;
  readonly atMostEveryMinutes: number;
}

interface EmailOptions {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly from: string;
  readonly to: readonly string[];
}

/** By e-mail and webhook; where neither is configured, alerts are log lines alone. */
export function openAlerts(
  options: AlertOptions | undefined,
  node: { readonly aeTitle: string; readonly log: Log; readonly now: () => number },
): Alerts {
  const told = new Map<string, { at: number; silent: number }>();
  const sending = new Set<Promise<unknown>>();
  const send = (kind: string, text: string): void => {
    const alert = { kind, text, node: node.aeTitle, at: new Date(node.now()).toISOString() };
    for (const way of waysOf(options)) {
      const turn = way(alert)
        .catch((error: unknown) =>
          node.log.error('an alert could not be sent', { kind, why: describeError(error) }),
        )
        .finally(() => sending.delete(turn));
      sending.add(turn);
    }
  };
  return {
    raise: (kind, text) => {
      const last = told.get(kind);
      const pauseMs = (options?.atMostEveryMinutes ?? 0) * 60_000;
      if (last !== undefined && node.now() - last.at < pauseMs) {
        last.silent += 1;
        return;
      }
      const before =
        last === undefined || last.silent === 0 ? '' : ` (and ${last.silent} more since the last alert)`;
      told.set(kind, { at: node.now(), silent: 0 });
      send(kind, `${text}${before}`);
    },
    settled: async () => {
      await Promise.all(sending);
    },
  };
}

interface Alert {
  readonly kind: string;
  readonly text: string;
  readonly node: string;
  readonly at: string;
}

type Way = (alert: Alert) => Promise<void>;

const timeoutMs = 20_000;

function waysOf(options: AlertOptions | undefined): readonly Way[] {
  const { email, webhook } = options ?? {};
  return [
    ...(email === undefined ? [] : [async (alert: Alert) => await sendMail(email, alert)]),
    ...(webhook === undefined ? [] : [async (alert: Alert) => await post(webhook, alert)]),
  ];
}

async function sendMail(email: EmailOptions, alert: Alert): Promise<void> {
  const { host, port, secure, user, password, from, to } = email;
  const transport = createTransport({
    ...{ host, port, secure, connectionTimeout: timeoutMs, socketTimeout: timeoutMs },
    ...(user === undefined ? {} : { auth: { user, pass: password ?? '' } }),
  });
  try {
    const subject = `Willis ${alert.node}: ${alert.kind}`;
    await transport.sendMail({ from, to: [...to], subject, text: `${alert.text}\n\n${alert.at}\n` });
  } finally {
    transport.close();
  }
}

async function post(webhook: NonNullable<AlertOptions['webhook']>, alert: Alert): Promise<void> {
  const answer = await fetch(webhook.webhookUrl, {
    method: 'POST',
    headers: { ...webhook.headers, 'content-type': 'application/json' },
    body: JSON.stringify(alert),
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (!answer.ok) throw new Error(`the webhook answered HTTP ${answer.status}`);
}
