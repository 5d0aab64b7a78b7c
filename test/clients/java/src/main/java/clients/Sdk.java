package clients;

import com.huaweicloud.sdk.core.auth.BasicCredentials;
import com.huaweicloud.sdk.core.auth.SigningAlgorithm;
import com.huaweicloud.sdk.core.http.HttpConfig;
import com.huaweicloud.sdk.csms.v1.CsmsClient;
import com.huaweicloud.sdk.csms.v1.model.*;
import java.util.List;
import java.util.UUID;

/** Clients of the unmodified SDK, and its calls in short. */
final class Sdk {
  static final String ENDPOINT = System.getenv("CSMS_ENDPOINT");
  static final String AK = System.getenv("HUAWEICLOUD_SDK_AK");
  static final String SK = System.getenv("HUAWEICLOUD_SDK_SK");
  static final String PROJECT_ID = System.getenv("HUAWEICLOUD_SDK_PROJECT_ID");
  static final String DOMAIN_ID = System.getenv("HUAWEICLOUD_SDK_DOMAIN_ID");
  static final String REGION = System.getenv("HW_REGION_NAME");
  static final long DAY_MS = 86_400_000;

  /** The client of the administrator. */
  static final CsmsClient CLIENT = client(credentials());

  private Sdk() {}

  static BasicCredentials credentials() {
    return new BasicCredentials().withAk(AK).withSk(SK).withProjectId(PROJECT_ID);
  }

  static CsmsClient client(BasicCredentials credentials) {
    return client(credentials, SigningAlgorithm.HMAC_SHA256);
  }

  static CsmsClient client(BasicCredentials credentials, SigningAlgorithm algorithm) {
    HttpConfig config = HttpConfig.getDefaultHttpConfig().withSigningAlgorithm(algorithm);
    return CsmsClient.newBuilder().withCredential(credentials).withEndpoint(ENDPOINT).withHttpConfig(config).build();
  }

  static String newName() {
    return "java-" + UUID.randomUUID().toString().substring(0, 13);
  }

  /** Creates a secret with one version, whose value is "initial". */
  static Secret create(String name) {
    return create(new CreateSecretRequestBody().withName(name).withSecretString("initial"));
  }

  static Secret create(CreateSecretRequestBody body) {
    return CLIENT.createSecret(new CreateSecretRequest().withBody(body)).getSecret();
  }

  static Secret show(String name) {
    return CLIENT.showSecret(new ShowSecretRequest().withSecretName(name)).getSecret();
  }

  static Secret update(String name, UpdateSecretRequestBody body) {
    return CLIENT.updateSecret(new UpdateSecretRequest().withSecretName(name).withBody(body)).getSecret();
  }

  static DeleteSecretResponse delete(String name) {
    return CLIENT.deleteSecret(new DeleteSecretRequest().withSecretName(name));
  }

  static Secret schedule(String name, int days) {
    DeleteSecretForScheduleRequestBody body =
        new DeleteSecretForScheduleRequestBody().withRecoveryWindowInDays(days);
    DeleteSecretForScheduleRequest request =
        new DeleteSecretForScheduleRequest().withSecretName(name).withBody(body);
    return CLIENT.deleteSecretForSchedule(request).getSecret();
  }

  static Secret restore(String name) {
    return CLIENT.restoreSecret(new RestoreSecretRequest().withSecretName(name)).getSecret();
  }

  static VersionMetadata addText(String name, String text) {
    return addVersion(name, new CreateSecretVersionRequestBody().withSecretString(text));
  }

  static VersionMetadata addVersion(String name, CreateSecretVersionRequestBody body) {
    CreateSecretVersionRequest request = new CreateSecretVersionRequest().withSecretName(name).withBody(body);
    return CLIENT.createSecretVersion(request).getVersionMetadata();
  }

  static Version showVersion(String name, String versionId) {
    ShowSecretVersionRequest request =
        new ShowSecretVersionRequest().withSecretName(name).withVersionId(versionId);
    return CLIENT.showSecretVersion(request).getVersion();
  }

  static ListSecretVersionsResponse listVersions(ListSecretVersionsRequest request) {
    return CLIENT.listSecretVersions(request);
  }

  static VersionMetadata setExpiry(String name, String versionId, long expireTimeMs) {
    UpdateVersionRequestBody body = new UpdateVersionRequestBody().withExpireTime(expireTimeMs);
    UpdateVersionRequest request =
        new UpdateVersionRequest().withSecretName(name).withVersionId(versionId).withBody(body);
    return CLIENT.updateVersion(request).getVersionMetadata();
  }

  static Stage putStage(String name, String stage, String versionId) {
    UpdateSecretStageRequestBody body = new UpdateSecretStageRequestBody().withVersionId(versionId);
    UpdateSecretStageRequest request =
        new UpdateSecretStageRequest().withSecretName(name).withStageName(stage).withBody(body);
    return CLIENT.updateSecretStage(request).getStage();
  }

  static Stage showStage(String name, String stage) {
    ShowSecretStageRequest request = new ShowSecretStageRequest().withSecretName(name).withStageName(stage);
    return CLIENT.showSecretStage(request).getStage();
  }

  static DeleteSecretStageResponse deleteStage(String name, String stage) {
    return CLIENT.deleteSecretStage(new DeleteSecretStageRequest().withSecretName(name).withStageName(stage));
  }

  /** The stages of each version, in the order of the list. */
  static List<List<String>> stages(String name) {
    return listVersions(new ListSecretVersionsRequest().withSecretName(name)).getVersionMetadatas().stream()
        .map(VersionMetadata::getVersionStages)
        .toList();
  }
}
