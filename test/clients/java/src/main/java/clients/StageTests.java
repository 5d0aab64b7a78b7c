package clients;

import static clients.Check.*;
import static clients.VersionTests.withSecret;

import com.huaweicloud.sdk.csms.v1.model.*;
import java.util.List;

/** UpdateSecretStage, ShowSecretStage, DeleteSecretStage. */
final class StageTests {
  private StageTests() {}

  static void run(Suite suite) {
    suite.group("stages");
    suite.test("a stage has every field, and show gives the same", () -> withSecret(name -> {
      Stage stage = Sdk.putStage(name, "blue", "v1");
      isNow(stage.getUpdateTime());
      equal(map("name", "blue", "update_time", stage.getUpdateTime(), "secret_name", name, "version_id", "v1"),
          fields(stage));
      equal(fields(stage), fields(Sdk.showStage(name, "blue")));
    }));
    suite.test("the flow of a rotation for two users", () -> withSecret(name -> {
      String pending = Sdk.addVersion(name, new CreateSecretVersionRequestBody().withSecretString("two")
          .withVersionStages(List.of("SYSPENDING"))).getId();
      equal("initial", Sdk.showVersion(name, "latest").getSecretString());
      Sdk.putStage(name, "SYSPREVIOUS", "v1");
      Sdk.putStage(name, "SYSCURRENT", pending);
      equal(204, Sdk.deleteStage(name, "SYSPENDING").getHttpStatusCode());
      equal(List.of(List.of("SYSPREVIOUS"), List.of("SYSCURRENT")), Sdk.stages(name));
      refused(404, "CSMS.0005", () -> Sdk.showStage(name, "SYSPENDING"));
    }));
  }
}
