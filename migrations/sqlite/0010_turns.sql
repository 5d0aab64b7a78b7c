-- Background work chooses projects first and then what has been due for longest in each, so that what one project has
-- waiting keeps nobody else waiting.
DROP INDEX notification_due;
DROP INDEX task_due;
DROP INDEX secret_due;
DROP INDEX secret_rotation_due;
DROP INDEX kms_key_due;
DROP INDEX kms_key_rotation_due;

CREATE INDEX notification_due ON notification (project_id, next_attempt_ms) WHERE next_attempt_ms IS NOT NULL;
CREATE INDEX task_due ON task (project_id, next_attempt_ms) WHERE next_attempt_ms IS NOT NULL;
CREATE INDEX secret_due ON secret (project_id, scheduled_delete_time_ms)
  WHERE scheduled_delete_time_ms IS NOT NULL;
CREATE INDEX secret_rotation_due ON secret (project_id, next_rotation_time_ms)
  WHERE next_rotation_time_ms IS NOT NULL AND state = 'ENABLED';
CREATE INDEX kms_key_due ON kms_key (project_id, scheduled_delete_time_ms)
  WHERE scheduled_delete_time_ms IS NOT NULL;
CREATE INDEX kms_key_rotation_due ON kms_key (project_id, next_rotation_time_ms)
  WHERE next_rotation_time_ms IS NOT NULL AND state = 'ENABLED';
