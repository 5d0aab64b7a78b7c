/** The example of the documentation. */
export const EXAMPLE = `csms: 1
clock: 2030-01-01T00:00:00Z
users:
  - { name: reader, ak: AKREADER, sk: sk-reader-000001, password: reader-password, policies: [CSMS ReadOnlyAccess] }
keys:
  - { key_alias: payments, key_id: 11111111-1111-4111-8111-111111111111, rotation_interval: 90, tags: { team: pay } }
events:
  - { name: alarm, event_types: [SECRET_ROTATED, SECRET_VERSION_EXPIRED], topic: ops }
secrets:
  - { name: api-key, secret_string: hunter2 }
  - name: tls
    kms_key_id: payments
    tags: { env: test }
    event_subscriptions: [alarm]
    versions:
      - { secret_string: one, expire_time: now+30d }
      - { secret_binary: AAEC/w==, version_stages: [blue] }
      - { secret_string: three, create_time: now-10d }
  - name: db
    secret_type: RDS-FG
    secret_string: '{"username": "app", "password": "first-Pw1!"}'
    auto_rotation: true
    rotation_period: 30d
    rotation_func_urn: rotate-db
    rotation_config: '{"InstanceId": "db1", "SecretSubType": "SingleUser"}'
  - { name: leaving, secret_string: x, scheduled_delete_time: now+7d }
`;

/** A seed of these lines. */
export function seedOf(...lines: readonly string[]): string {
  return `csms: 1\n${lines.join('\n')}\n`;
}
