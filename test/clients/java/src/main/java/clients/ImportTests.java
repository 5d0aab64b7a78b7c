package clients;

import static clients.Check.*;
import static clients.Sdk.CLIENT;
import static clients.VersionTests.withSecret;

import com.huaweicloud.sdk.csms.v1.model.*;
import java.util.List;

/** BatchImportSecrets, DownloadSecretBlob, UploadSecretBlob. */
final class ImportTests {
  private ImportTests() {}

  static void run(Suite suite) {
    suite.group("import");
    suite.test("a batch keeps what can be kept, and says what was wrong with the rest", () -> withSecret(taken -> {
      String fresh = Sdk.newName();
      BatchImportSecretsResponse answer = CLIENT.batchImportSecrets(new BatchImportSecretsRequest().withBody(
          new ImportSecretsRequest().withSecrets(List.of(body(fresh, "🔑"), body(taken, "x")))));
      equal(List.of(2, 1, 1), List.of(answer.getTotal(), answer.getSuccess(), answer.getFailed()));
      equal(1, answer.getErrorList().size());
      ErrorInfo error = answer.getErrorList().get(0);
      equal(map("name", taken, "error_msg", error.getErrorMsg()), fields(error));
      equal("🔑", Sdk.showVersion(fresh, "v1").getSecretString());
      equal("initial", Sdk.showVersion(taken, "latest").getSecretString());
      Sdk.delete(fresh);
    }));
    suite.group("blob");
    suite.test("a blob brings a deleted secret back, with all versions and stages", () -> withSecret(name -> {
      Sdk.addText(name, "zwei 🔑");
      Sdk.addVersion(name, new CreateSecretVersionRequestBody().withSecretBinary("AAEC/w==")
          .withVersionStages(List.of("blue")));
      Secret before = Sdk.show(name);
      List<?> versions = versions(name);
      String blob = download(name);
      that(!blob.contains("zwei"), "the blob can be read");
      Sdk.delete(name);
      Secret after = upload(blob);
      equal(fields(before.withUpdateTime(after.getUpdateTime())), fields(after));
      equal(versions, versions(name));
      equal("initial", Sdk.showVersion(name, "v1").getSecretString());
      equal("zwei 🔑", Sdk.showVersion(name, "latest").getSecretString());
      equal("AAEC/w==", Sdk.showVersion(name, "v3").getSecretBinary());
    }));
  }

  private static List<?> versions(String name) {
    ListSecretVersionsRequest request = new ListSecretVersionsRequest().withSecretName(name);
    return Sdk.listVersions(request).getVersionMetadatas().stream().map(Check::fields).toList();
  }

  private static CreateSecretRequestBody body(String name, String text) {
    return new CreateSecretRequestBody().withName(name).withSecretString(text);
  }

  private static String download(String name) {
    return CLIENT.downloadSecretBlob(new DownloadSecretBlobRequest().withSecretName(name)).getSecretBlob();
  }

  private static Secret upload(String blob) {
    UploadSecretBlobRequestBody body = new UploadSecretBlobRequestBody().withSecretBlob(blob);
    return CLIENT.uploadSecretBlob(new UploadSecretBlobRequest().withBody(body)).getSecret();
  }
}
