import { type Static, Type } from '@sinclair/typebox';
import { CERTIFICATE_PATH } from '../../app/events/delivery.ts';
import * as app from '../../app/events/notifications.ts';
import { SecretError } from '../../core/errors.ts';
import type { Notification } from '../../core/events/notifications.ts';
import type { App } from '../app.ts';
import { nestedRoute, operation } from '../wire/operation.ts';
import { OneOf, PageInfo, SecretTypeName, TimeMs, Titled } from '../wire/schemas.ts';
import { EventTypeName } from './events.ts';

const RecordSchema = Titled('Record', {
  event_name: Type.String(),
  trigger_event_type: EventTypeName,
  create_time: TimeMs,
  secret_name: Type.String(),
  secret_type: SecretTypeName,
  notification_target_name: Type.String(),
  notification_target_id: Type.String(),
  notification_content: Type.String({ description: 'JSON text, as it was delivered' }),
  notification_status: OneOf(['SUCCESS', 'FAIL', 'INVALID']),
});
const RecordsResponse = Titled('ListNotificationRecordsResponse', {
  records: Type.Array(RecordSchema),
  page_info: PageInfo,
});

/** ListNotificationRecords. */
export function registerNotifications(api: App): void {
  api.route({
    ...nestedRoute('GET', '/v1/:project_id/csms/notification-records', {
      ...operation('ListNotificationRecords', 'Lists the outcomes of notifications, newest first'),
      response: { 200: RecordsResponse },
    }),
    handler: async ({ deps, params }) => {
      const records = (await app.listNotifications(deps, params.project_id)).map(toWireRecord);
      const pageInfo = { next_marker: null, previous_marker: null, current_count: records.length };
      return { records, page_info: pageInfo };
    },
  });
}

/** The certificate that verifies delivered messages; public, as SMN's is. */
export function registerCertificate(
  app: App,
  options: { readonly certificate: () => Promise<string> },
): void {
  app.route({
    method: 'GET',
    url: CERTIFICATE_PATH,
    schema: { hide: true },
    handler: async (_request, reply) => {
      const pem = await options.certificate();
      return reply.type('application/x-pem-file').send(pem);
    },
  });
}

/** Notifications that still wait are not records: the wire has no word for their status. */
function toWireRecord(notification: Notification): Static<typeof RecordSchema> {
  const { status } = notification;
  if (status === 'PENDING') throw new SecretError('internal');
  return {
    event_name: notification.eventName,
    trigger_event_type: notification.eventType,
    create_time: notification.createTimeMs,
    secret_name: notification.secretName,
    secret_type: notification.secretType,
    notification_target_name: notification.targetName,
    notification_target_id: notification.targetId,
    notification_content: notification.content,
    notification_status: status,
  };
}
