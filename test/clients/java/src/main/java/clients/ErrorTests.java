package clients;

import static clients.Check.*;

import com.huaweicloud.sdk.core.auth.BasicCredentials;
import com.huaweicloud.sdk.core.auth.SigningAlgorithm;
import com.huaweicloud.sdk.core.exception.ClientRequestException;
import com.huaweicloud.sdk.core.region.Region;
import com.huaweicloud.sdk.csms.v1.CsmsClient;
import com.huaweicloud.sdk.csms.v1.model.*;
import java.util.List;

/** What a program sees of a refusal, and every way to be known to the server. */
final class ErrorTests {
  private ErrorTests() {}

  static void run(Suite suite) {
    suite.group("errors");
    suite.test("a refusal is a ClientRequestException with all its parts", () -> {
      ClientRequestException refused = refusal(() -> Sdk.show("no-such-secret"));
      equal(List.of(404, "CSMS.0106"), List.of(refused.getHttpStatusCode(), refused.getErrorCode()));
      matches("The secret name not found int the db\\..*", refused.getErrorMsg());
    });
    suite.group("authentication");
    suite.test("a wrong secret key is 401", () -> {
      ClientRequestException refused = refusal(() -> list(Sdk.client(Sdk.credentials().withSk("wrong"))));
      equal(List.of(401, "APIGW.0301"), List.of(refused.getHttpStatusCode(), refused.getErrorCode()));
      that(refused.getErrorMsg().contains("verify aksk signature fail"), refused.getErrorMsg());
    });
    suite.test("a signature with SM3 is accepted", () ->
        equal(200, list(Sdk.client(Sdk.credentials(), SigningAlgorithm.HMAC_SM3)).getHttpStatusCode()));
    suite.test("the derived algorithm is accepted", () ->
        equal(200, list(withRegion(derived(Sdk.credentials()))).getHttpStatusCode()));
    suite.test("the derived algorithm with a wrong key is 401", () ->
        refused(401, "APIGW.0301", () -> list(withRegion(derived(Sdk.credentials().withSk("wrong"))))));
    suite.test("the project is looked up by the name of the region", () -> {
      BasicCredentials credentials =
          new BasicCredentials().withAk(Sdk.AK).withSk(Sdk.SK).withIamEndpoint(Sdk.ENDPOINT);
      equal(200, list(withRegion(credentials)).getHttpStatusCode());
      equal(Sdk.PROJECT_ID, credentials.getProjectId());
    });
  }

  private static ListSecretsResponse list(CsmsClient client) {
    return client.listSecrets(new ListSecretsRequest().withLimit("1"));
  }

  private static BasicCredentials derived(BasicCredentials credentials) {
    return credentials.withDerivedPredicate(BasicCredentials.DEFAULT_DERIVED_PREDICATE);
  }

  private static CsmsClient withRegion(BasicCredentials credentials) {
    Region region = new Region(Sdk.REGION, Sdk.ENDPOINT);
    return CsmsClient.newBuilder().withDerivedAuthServiceName("csms").withCredential(credentials).withRegion(region)
        .build();
  }
}
