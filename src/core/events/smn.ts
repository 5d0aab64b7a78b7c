import type { Notification } from './notifications.ts';

/**
 * The message for a notification in the envelope of SMN's HTTP endpoints, without its signature: the same every time, so
 * that a receiver recognises a repetition. `messageId`: 32 hex digits. @see SMN, HTTP(S) message format
 */
export function smnMessage(notification: Notification, messageId: string) {
  return {
    type: 'Notification' as const,
    subject: `CSMS ${notification.eventType}`,
    topic_urn: notification.targetId,
    message_id: messageId,
    message: notification.content,
    timestamp: `${new Date(notification.createTimeMs).toISOString().slice(0, 19)}Z`,
  };
}

/**
 * The text that SMN signs: names and values in turn, each on a line of its own, in this order.
 * @see SMN, message signature verification
 */
export function smnStringToSign(message: ReturnType<typeof smnMessage>): string {
  const names = ['message', 'message_id', 'subject', 'timestamp', 'topic_urn', 'type'] as const;
  return names.map((name) => `${name}\n${message[name]}\n`).join('');
}

/** The project of a topic; undefined unless the text is a topic's URN. `urn:smn:<region>:<project id>:<name>` */
export function topicProject(urn: string): string | undefined {
  return /^urn:smn:[^:]+:([^:]+):[^:]+$/.exec(urn)?.[1];
}
