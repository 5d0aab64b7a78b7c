package clients;

import static clients.Check.*;
import static clients.Sdk.CLIENT;

import com.huaweicloud.sdk.csms.v1.model.*;
import java.util.List;

/** RotateSecret, ListSecretTask. */
final class RotationTests {
  private static final String FUNCTION =
      "urn:fss:" + Sdk.REGION + ":" + Sdk.PROJECT_ID + ":function:default:nobody:latest";
  private static final long PATIENCE_MS = 30_000;

  private RotationTests() {}

  static void run(Suite suite) {
    suite.group("rotation");
    suite.test("a rotation by a function that is mapped nowhere fails, and says why", RotationTests::fails);
  }

  private static void fails() throws Exception {
    String name = Sdk.newName();
    Sdk.create(new CreateSecretRequestBody().withName(name).withSecretString("{\"users\":[]}")
        .withSecretType(CreateSecretRequestBody.SecretTypeEnum.RDS_FG).withRotationFuncUrn(FUNCTION)
        .withRotationConfig("{\"InstanceId\":\"i-1\",\"SecretSubType\":\"SingleUser\"}"));
    String taskId = rotate(name).getRotationTaskId();
    matches(Check.UUID, taskId);
    ListSecretTaskRequest request = new ListSecretTaskRequest().withTaskId(taskId);
    SecretTask task = null;
    for (long until = System.currentTimeMillis() + PATIENCE_MS; task == null; Thread.sleep(100)) {
      task = CLIENT.listSecretTask(request).getTasks().stream()
          .filter(found -> "FAILED".equals(found.getTaskStatus())).findFirst().orElse(null);
      that(task != null || System.currentTimeMillis() < until, "the task does not end");
    }
    isNow(task.getTaskTime());
    that(task.getTaskErrorMsg() != null && !task.getTaskErrorMsg().isEmpty(), "no reason is given");
    equal(map("task_id", taskId, "secret_name", name, "rotation_func_urn", FUNCTION, "task_status", "FAILED",
        "operate_type", "SINGLE_USER", "task_time", task.getTaskTime(), "attempt_nums", task.getAttemptNums(),
        "task_error_code", task.getTaskErrorCode(), "task_error_msg", task.getTaskErrorMsg()), fields(task));
    ListSecretTaskResponse byName = CLIENT.listSecretTask(new ListSecretTaskRequest().withSecretName(name)
        .withStatus(ListSecretTaskRequest.StatusEnum.FAILED).withLimit(10));
    equal(1, byName.getTotal());
    equal(List.of(fields(task)), byName.getTasks().stream().map(Check::fields).toList());
    equal("v1", Sdk.showVersion(name, "latest").getVersionMetadata().getId());
    Sdk.delete(name);
  }

  private static RotateSecretResponse rotate(String name) {
    return CLIENT.rotateSecret(new RotateSecretRequest().withSecretName(name));
  }
}
