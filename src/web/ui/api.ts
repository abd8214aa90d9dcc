import { useCallback, useEffect, useRef, useState } from 'react';
import { onChange, type ChangeKind } from './live.ts';

/** What the node answered when it could not do something: a code of docs/errors.md and a sentence. */
class ApiFault extends Error {
  readonly code: string;
  readonly status: number;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const known = { csrfToken: '' };

/** Every change is sent with the token of this session. */
export function setCsrfToken(token: string): void {
  known.csrfToken = token;
}

export async function get<T>(url: string): Promise<T> {
  return await answer<T>(await fetch(url, { headers: { accept: 'application/json' } }));
}

export async function send<T = void>(
  method: 'POST' | 'PUT' | 'DELETE',
  url: string,
  body: object | Blob = {},
): Promise<T> {
  const isFile = body instanceof Blob;
  const response = await fetch(url, {
    method,
    headers: {
      'content-type': isFile ? body.type || 'application/dicom' : 'application/json',
      'x-willis-csrf': known.csrfToken,
    },
    body: isFile ? body : JSON.stringify(body),
  });
  return await answer<T>(response);
}

/** Fields and files as one form. */
export async function sendForm<T = void>(
  url: string,
  fields: Readonly<Record<string, string>>,
  files: readonly File[],
): Promise<T> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  for (const file of files) form.append('files', file, file.name);
  const headers = { 'x-willis-csrf': known.csrfToken };
  return await answer<T>(await fetch(url, { method: 'POST', headers, body: form }));
}

async function answer<T>(response: Response): Promise<T> {
  const text = await response.text();
  if (response.ok) return (text === '' ? undefined : JSON.parse(text)) as T;
  const fault = faultIn(text);
  throw new ApiFault(response.status, fault.code, fault.message);
}

function faultIn(text: string): { code: string; message: string } {
  try {
    const { code = '', message = text } = JSON.parse(text) as { code?: string; message?: string };
    return { code, message };
  } catch {
    return { code: '', message: text || 'The node did not answer.' };
  }
}

export interface Loaded<T> {
  readonly data: T | null;
  readonly fault: string | null;
  readonly reload: () => void;
}

/** Loads `url`, again whenever something of `kinds` changes in the node; null waits. */
export function useApi<T>(url: string | null, kinds: readonly ChangeKind[] = []): Loaded<T> {
  const [state, setState] = useState<{ url: string | null; data: T | null; fault: string | null }>({
    url: null,
    data: null,
    fault: null,
  });
  const newest = useRef(0);
  const reload = useCallback(() => {
    if (url === null) return;
    const turn = (newest.current += 1);
    get<T>(url).then(
      (data) => {
        if (turn === newest.current) setState({ url, data, fault: null });
      },
      (error: unknown) => {
        if (turn === newest.current)
          setState((before) => ({
            url,
            data: before.url === url ? before.data : null,
            fault: messageOf(error),
          }));
      },
    );
  }, [url]);
  const wanted = kinds.join();
  useEffect(reload, [reload]);
  useEffect(
    () => (wanted === '' ? undefined : onChange(wanted.split(',') as ChangeKind[], reload)),
    [wanted, reload],
  );
  return { data: state.url === url ? state.data : null, fault: state.fault, reload };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
