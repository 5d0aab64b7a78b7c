package clients;

import static clients.Check.*;
import static clients.VersionTests.withSecret;

import com.huaweicloud.sdk.csms.v1.model.*;

/** DeleteSecretForSchedule, RestoreSecret. */
final class DeletionTests {
  private DeletionTests() {}

  static void run(Suite suite) {
    suite.group("deletion");
    suite.test("scheduling sets state and time, and nothing else", () -> withSecret(name -> {
      Secret before = Sdk.show(name);
      Secret after = Sdk.schedule(name, 7);
      long wanted = System.currentTimeMillis() + 7 * Sdk.DAY_MS;
      that(Math.abs(after.getScheduledDeleteTime() - wanted) < 60_000, "the time is not in seven days");
      equal(fields(before.withState("PENDING_DELETE").withScheduledDeleteTime(after.getScheduledDeleteTime())
          .withUpdateTime(after.getUpdateTime())), fields(after));
      equal(fields(after), fields(Sdk.show(name)));
    }));
    suite.test("calling it off brings the secret back", () -> withSecret(name -> {
      Secret before = Sdk.show(name);
      Sdk.schedule(name, 30);
      Secret after = Sdk.restore(name);
      equal(fields(before.withUpdateTime(after.getUpdateTime())), fields(after));
      equal("initial", Sdk.showVersion(name, "latest").getSecretString());
    }));
  }
}
