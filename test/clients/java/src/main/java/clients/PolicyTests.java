package clients;

import static clients.Check.*;

import com.huaweicloud.sdk.core.auth.BasicCredentials;
import com.huaweicloud.sdk.core.exception.ClientRequestException;
import com.huaweicloud.sdk.csms.v1.CsmsClient;
import com.huaweicloud.sdk.csms.v1.model.*;
import java.util.List;

/** Three users of one project: refusals are the SDK's own exception, and lists show what may be seen. */
final class PolicyTests {
  private static final List<String> NAMES = List.of("ledger", "payments-db", "shop-db");
  private static final CsmsClient OWNER = clientOf("owner");
  private static final CsmsClient PARTNER = clientOf("partner");
  private static final CsmsClient STRANGER = clientOf("stranger");

  private PolicyTests() {}

  static void run(Suite suite) {
    suite.group("policies");
    suite.test("the owner may do everything", () -> withSecrets(() -> {
      equal(NAMES, namesIn(OWNER));
      equal("initial", read(OWNER, "payments-db"));
    }));
    suite.test("the stranger may do nothing", () -> withSecrets(() -> {
      refused(403, "CSMS.0302", () -> namesIn(STRANGER));
      refused(403, "CSMS.0302", () -> create(STRANGER, "of-a-stranger"));
      refused(403, "CSMS.0302", () -> read(STRANGER, "no-such"));
      ClientRequestException refused = refusal(() -> read(STRANGER, "shop-db"));
      equal(List.of(403, "CSMS.0302"), List.of(refused.getHttpStatusCode(), refused.getErrorCode()));
      matches(".*user:stranger is not authorized to perform: csms:secret:getVersion on resource: .*",
          refused.getErrorMsg());
    }));
    suite.test("the partner may use what has its name, and read what has its tag", () -> withSecrets(() -> {
      create(PARTNER, "shop-new");
      equal("initial", read(PARTNER, "shop-new"));
      delete(PARTNER, "shop-new");
      equal("initial", read(PARTNER, "ledger"));
      refused(403, "CSMS.0302", () -> delete(PARTNER, "ledger"));
      refused(403, "CSMS.0302", () -> read(PARTNER, "payments-db"));
      refused(404, "CSMS.0106", () -> read(PARTNER, "shop-none"));
      equal(List.of("shop-db"), namesIn(PARTNER));
    }));
  }

  private static CsmsClient clientOf(String user) {
    BasicCredentials credentials = new BasicCredentials().withAk("AK1" + user.toUpperCase())
        .withSk("secret-key-of-the-" + user + "-in-tests").withProjectId("1".repeat(32));
    return CsmsClient.newBuilder().withCredential(credentials).withEndpoint(System.getenv("USERS_ENDPOINT")).build();
  }

  /** Runs a test while the owner has its three secrets; the partner may read the ledger by its tag. */
  private static void withSecrets(Suite.Body body) throws Exception {
    for (String name : NAMES) {
      Secret secret = create(OWNER, name);
      if (name.equals("ledger")) {
        CreateSecretTagRequestBody tag =
            new CreateSecretTagRequestBody().withTag(new TagItem().withKey("team").withValue("shop"));
        OWNER.createSecretTag(new CreateSecretTagRequest().withSecretId(secret.getId()).withBody(tag));
      }
    }
    body.run();
    NAMES.forEach(name -> delete(OWNER, name));
  }

  private static Secret create(CsmsClient client, String name) {
    CreateSecretRequestBody body = new CreateSecretRequestBody().withName(name).withSecretString("initial");
    return client.createSecret(new CreateSecretRequest().withBody(body)).getSecret();
  }

  private static void delete(CsmsClient client, String name) {
    client.deleteSecret(new DeleteSecretRequest().withSecretName(name));
  }

  private static String read(CsmsClient client, String name) {
    ShowSecretVersionRequest request = new ShowSecretVersionRequest().withSecretName(name).withVersionId("latest");
    return client.showSecretVersion(request).getVersion().getSecretString();
  }

  private static List<String> namesIn(CsmsClient client) {
    return client.listSecrets(new ListSecretsRequest()).getSecrets().stream().map(Secret::getName).sorted().toList();
  }
}
