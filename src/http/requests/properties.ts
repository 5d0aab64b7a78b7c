import type { App } from '../app.ts';
import { peerAddress } from '../connections/trusted-proxies.ts';
import type { ServerOptions } from '../server-options.ts';

/** Declares what the hooks set on every request, and its computed properties. */
export function addRequestProperties(
  app: App,
  options: Pick<ServerOptions, 'isTrustedProxy' | 'site'>,
): void {
  app.decorateRequest('rawBody');
  app.decorateRequest('isBodyDropped', false);
  app.decorateRequest('labels');
  app.decorateRequest('caller');
  app.decorateRequest('deps');
  app.decorateRequest('baseUrl', {
    getter() {
      return options.site.baseUrlOf(this.raw);
    },
  });
  app.decorateRequest('refusal');
  app.decorateRequest('ip', {
    getter() {
      return peerAddress(this.raw, options.isTrustedProxy) ?? '';
    },
  });
}
