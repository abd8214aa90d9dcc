import type { Command } from 'commander';
import { configJsonSchema, loadConfig } from '../config/index.ts';

export function addConfig(program: Command): void {
  const config = program.command('config').description('check a configuration, or print its JSON Schema');
  config
    .command('check')
    .description('check a configuration file and print it with every default filled in')
    .argument('<file>', 'configuration (JSON)')
    .action(async (file: string) => {
      process.stdout.write(`${JSON.stringify(await loadConfig(file), null, 2)}\n`);
    });
  config
    .command('schema')
    .description('print the JSON Schema of the configuration: every key with its meaning')
    .action(() => {
      process.stdout.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
    });
}
