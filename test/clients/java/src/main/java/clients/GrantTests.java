package clients;

import static clients.Check.*;
import static clients.Sdk.CLIENT;
import static clients.VersionTests.withSecret;

import com.huaweicloud.sdk.csms.v1.model.*;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;

/** CreateGrants, ListGrants, UpdateGrant, DeleteGrant. */
final class GrantTests {
  private static final LocalDate TOMORROW = LocalDate.now(ZoneOffset.UTC).plusDays(1);

  private GrantTests() {}

  static void run(Suite suite) {
    suite.group("grants");
    suite.test("a grant has every field, and is listed", () -> withSecret(GrantTests::creates));
    suite.test("a grant gets another validity", () -> withSecret(name -> {
      String id = Sdk.show(name).getId();
      GrantData before = create(body(id).withValidityTime(TOMORROW));
      UpdateGrantRequest request =
          new UpdateGrantRequest().withResourceId(id).withBody(body(id).withValidityTime(TOMORROW.plusDays(30)));
      GrantData after = CLIENT.updateGrant(request).getData();
      equal(before.getValidityTime() + 30 * Sdk.DAY_MS, after.getValidityTime());
      equal(fields(before.withValidityTime(after.getValidityTime()).withUpdateTime(after.getUpdateTime())), fields(after));
    }));
    suite.test("delete answers 204, and nobody is left", () -> withSecret(name -> {
      String id = Sdk.show(name).getId();
      create(body(id));
      DeleteGrantRequest request = new DeleteGrantRequest().withResourceId(id).withGranteeUser(userId());
      equal(204, CLIENT.deleteGrant(request).getHttpStatusCode());
      equal(List.of(), list(id).getGranteeUser());
    }));
  }

  private static void creates(String name) {
    String id = Sdk.show(name).getId();
    GrantData grant = create(body(id).withValidityTime(TOMORROW));
    isNow(grant.getCreateTime());
    Check.matches(Check.UUID, grant.getUuid());
    long startOfDay = TOMORROW.atStartOfDay(ZoneOffset.UTC).toInstant().toEpochMilli();
    long validity = grant.getValidityTime();
    that(validity >= startOfDay && validity <= startOfDay + Sdk.DAY_MS, validity + " is not on " + TOMORROW);
    equal(map("uuid", grant.getUuid(), "resourceId", id, "type", "SECRET", "granteeUser", userId(),
        "createTime", grant.getCreateTime(), "updateTime", grant.getCreateTime(), "validityTime", validity,
        "state", 0, "signature", ""), fields(grant));
    GrantDTO listed = list(id);
    equal(List.of(id, name, "SECRET"), List.of(listed.getId(), listed.getName(), listed.getType()));
    equal(1, listed.getGranteeUser().size());
    GrantUserInfo user = listed.getGranteeUser().get(0);
    equal(map("user_id", userId(), "user_name", user.getUserName(), "create_time", grant.getCreateTime(),
        "validity_time", validity), fields(user));
    that(!user.getUserName().isEmpty(), "a user without a name");
  }

  private static GrantSecretReqBody body(String resourceId) {
    return new GrantSecretReqBody().withResourceId(resourceId).withType("SECRET").withGranteeType("0")
        .withGranteeTargetId(userId());
  }

  private static GrantData create(GrantSecretReqBody body) {
    return CLIENT.createGrants(new CreateGrantsRequest().withBody(body)).getData();
  }

  private static GrantDTO list(String resourceId) {
    return CLIENT.listGrants(new ListGrantsRequest().withResourceId(resourceId)).getData();
  }

  private static String userId() {
    return UserTests.self().getUserId();
  }
}
