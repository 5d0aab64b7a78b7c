package clients;

import static clients.Check.*;
import static clients.Sdk.CLIENT;

import com.huaweicloud.sdk.csms.v1.model.*;
import java.util.List;

/** CreateSecret, ShowSecret, UpdateSecret, ListSecrets, DeleteSecret. */
final class SecretTests {
  private SecretTests() {}

  static void run(Suite suite) {
    suite.group("secrets");
    suite.test("a new secret has every field", SecretTests::hasEveryField);
    suite.test("a secret that is rotated keeps its rotation fields", SecretTests::keepsRotationFields);
    suite.test("update changes what it names and nothing else", SecretTests::updates);
    suite.test("delete answers 200, and the name is free again", SecretTests::deletes);
    suite.test("a list entry is what show gives", () -> {
      String name = Sdk.newName();
      Sdk.create(name);
      ListSecretsRequest request =
          new ListSecretsRequest().withLimit("1").withMarker(name.substring(0, name.length() - 1));
      equal(List.of(fields(Sdk.show(name))), CLIENT.listSecrets(request).getSecrets().stream().map(Check::fields).toList());
      Sdk.delete(name);
    });
  }

  private static void hasEveryField() {
    String name = Sdk.newName();
    Secret secret = Sdk.create(new CreateSecretRequestBody().withName(name).withSecretString("x")
        .withDescription("für alle 🔑").withEnterpriseProjectId("0"));
    matches(Check.UUID, secret.getId());
    matches(Check.UUID, secret.getKmsKeyId());
    isNow(secret.getCreateTime());
    equal(map("id", secret.getId(), "name", name, "state", "ENABLED", "kms_key_id", secret.getKmsKeyId(),
        "description", "für alle 🔑", "create_time", secret.getCreateTime(),
        "update_time", secret.getCreateTime(), "secret_type", "COMMON", "auto_rotation", false,
        "event_subscriptions", List.of(), "enterprise_project_id", "0"), fields(secret));
    Sdk.delete(name);
  }

  private static void keepsRotationFields() {
    String name = Sdk.newName();
    String config = "{\"InstanceId\":\"i-1\",\"SecretSubType\":\"SingleUser\"}";
    String function = "urn:fss:local-1:p:function:default:rotate:latest";
    Secret secret = Sdk.create(new CreateSecretRequestBody().withName(name).withSecretString("x")
        .withSecretType(CreateSecretRequestBody.SecretTypeEnum.RDS_FG).withAutoRotation(true)
        .withRotationPeriod("30d").withRotationConfig(config).withRotationFuncUrn(function));
    equal(Secret.SecretTypeEnum.RDS_FG, secret.getSecretType());
    equal(List.of(true, "30d", config, function), List.of(secret.getAutoRotation(), secret.getRotationPeriod(),
        secret.getRotationConfig(), secret.getRotationFuncUrn()));
    equal(secret.getCreateTime() + 30 * Sdk.DAY_MS, secret.getNextRotationTime());
    equal(fields(secret), fields(Sdk.show(name)));
    Sdk.delete(name);
  }

  private static void updates() {
    String name = Sdk.newName();
    Secret before = Sdk.create(name);
    Secret after = Sdk.update(name, new UpdateSecretRequestBody().withDescription("neu"));
    that(after.getUpdateTime() >= before.getUpdateTime(), "update_time went back");
    equal(fields(before.withDescription("neu").withUpdateTime(after.getUpdateTime())), fields(after));
    equal(fields(after), fields(Sdk.show(name)));
    equal("", Sdk.update(name, new UpdateSecretRequestBody().withDescription("")).getDescription());
    Sdk.delete(name);
  }

  private static void deletes() throws Exception {
    String name = Sdk.newName();
    String firstId = Sdk.create(name).getId();
    equal(200, Sdk.delete(name).getHttpStatusCode());
    refused(404, "CSMS.0106", () -> Sdk.show(name));
    that(!firstId.equals(Sdk.create(name).getId()), "an id was used twice");
    Sdk.delete(name);
  }
}
