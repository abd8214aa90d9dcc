import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { WillisError } from '../errors.ts';
import { configSchema, type Config } from './schema.ts';

/** Reads and checks a configuration file; throws CONFIG_UNREADABLE or CONFIG_INVALID with every fault and its place. */
export async function loadConfig(file: string): Promise<Config> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new WillisError(
      'CONFIG_UNREADABLE',
      `The configuration ${file} cannot be read. Check the path and its permissions.`,
      {
        cause,
      },
    );
  });
  return parseConfig(parseJson(text, file), file);
}

/** Checks an untrusted value; `name` says in messages where it came from. The result is frozen. */
export function parseConfig(value: unknown, name: string): Config {
  const parsed = configSchema.safeParse(value);
  if (parsed.success) return deepFreeze(parsed.data);
  const faults = parsed.error.issues.map((issue) => `  ${issue.path.join('.') || '(top)'}: ${issue.message}`);
  throw new WillisError(
    'CONFIG_INVALID',
    `${name} has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.join('\n')}\n"willis config schema" prints every key with its meaning.`,
  );
}

/** The JSON Schema (2020-12) of the configuration file. */
export function configJsonSchema(): unknown {
  return z.toJSONSchema(configSchema, { io: 'input' });
}

export function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new WillisError('CONFIG_INVALID', `${file} is not JSON: ${faultOf(cause as Error)}`);
  }
}

/** The parser quotes the text around the fault, which may be a password: only what comes before the quotation is told. */
function faultOf({ message }: Error): string {
  return message.replace(/,? (\.\.\.)?".*$/s, '');
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner as unknown);
  }
  return value;
}
