import { readFile } from 'node:fs/promises';
import path from 'node:path';
import fastifyStatic from '@fastify/static';
import type { App } from './app.ts';
import type {} from '@fastify/helmet';

/** Paths of the page itself; each answers with the same document, which shows what the path says. */
const pagePaths = [
  '/',
  '/studies',
  '/series/*',
  '/viewer/*',
  '/devices',
  '/rules',
  '/bundles',
  '/inference',
  '/system',
];

/** Serves the built page: files named by their hash may be kept for ever, the document carries a fresh nonce each time. */
export async function servePage(app: App, folder: string): Promise<void> {
  const document = await readFile(path.join(folder, 'index.html'), 'utf8');
  const open = { config: { access: 'open' }, schema: { hide: true } } as const;
  for (const url of pagePaths) {
    app.get(url, open, async (_request, reply) => {
      const nonce = reply.cspNonce.style;
      return await reply.type('text/html; charset=utf-8').send(document.replaceAll('STYLE-NONCE', nonce));
    });
  }
  await app.register(async (assets) => {
    assets.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: 'open' };
    });
    await assets.register(fastifyStatic, {
      root: path.join(folder, 'assets'),
      prefix: '/assets/',
      maxAge: '1y',
      immutable: true,
      index: false,
      dotfiles: 'deny',
    });
  });
}
