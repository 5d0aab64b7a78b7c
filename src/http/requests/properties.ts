import type { App } from '../app.ts';
import { peerAddress } from '../connections/trusted-proxies.ts';
import type { ServerOptions } from '../server-options.ts';

/** Gives every request what the hooks fill in later, and what it can tell about itself. */
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
