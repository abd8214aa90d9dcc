import type { App } from '../app.ts';
import { WillisError } from '../../errors.ts';
import type { NodeAccess } from '../options.ts';

const keepAliveMs = 20_000;
const mostStreams = 200;

/** Server-sent events: what changed, by internal id. The page asks again for what it shows. */
export function eventRoutes(app: App, node: NodeAccess): void {
  app.get('/api/events', { config: { access: 'read' }, schema: { hide: true } }, (request, reply) => {
    if (node.events.subscribers >= mostStreams)
      throw new WillisError('NODE_BUSY', 'Too many pages watch the node at once.', { retry: 'later' });
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    raw.write('retry: 2000\n\n');
    const unsubscribe = node.events.subscribe((event) => {
      // a page that does not read must not fill the memory: it asks for everything when it comes back
      if (raw.writableLength > 65_536) raw.destroy();
      else raw.write(`data: ${JSON.stringify(event)}\n\n`);
    });
    const beat = setInterval(() => raw.write(': alive\n\n'), keepAliveMs);
    request.raw.once('close', () => {
      unsubscribe();
      clearInterval(beat);
    });
  });
}
