/**
 * The event that a secret is subscribed to, as SQL: character by character the expression of the index `secret_event`.
 * A secret subscribes to one event at most.
 */
export const SUBSCRIBED_EVENT =
  "iif(json_valid(event_subscriptions), json_extract(event_subscriptions, '$[0]'), NULL)";

/** The names in an unauthenticated list; text that is not a list becomes a name that nothing has. */
export function parseNames(text: string): string[] {
  try {
    const names: unknown = JSON.parse(text);
    if (Array.isArray(names)) return names.map(String);
  } catch {
    // Falls through: reading the row will show the damage.
  }
  return [text];
}
