package clients;

import static clients.Check.*;
import static clients.Sdk.CLIENT;

import com.huaweicloud.sdk.csms.v1.model.*;

/** ListUsers, ShowUserDetail, UpdateUserPassword. */
final class UserTests {
  private static final String NAME = System.getenv("CSMS_USER");
  private static final String PASSWORD = System.getenv("CSMS_PASSWORD");
  private static final String OTHER_PASSWORD = "Another-password-of-8 letters";

  private UserTests() {}

  static void run(Suite suite) {
    suite.group("users");
    suite.test("the users are listed", () -> {
      ListUsersResponse page = CLIENT.listUsers(request());
      equal((long) page.getUsers().size(), page.getTotal());
      equal(NAME, self().getUserName());
    });
    suite.test("show gives the user of the list", () -> {
      UsersDetailsResult listed = self();
      ShowUserDetailResponse shown = CLIENT.showUserDetail(new ShowUserDetailRequest().withUserId(listed.getUserId()));
      equal(listed.getUserId(), shown.getUserId());
      equal(NAME, shown.getUserName());
      equal(listed.getName(), shown.getName());
      equal(Sdk.DOMAIN_ID, shown.getDomainId());
      equal(false, shown.getPwdMustModify());
      equal(false, shown.getDisabled());
    });
    suite.test("the password changes, and changes back", () -> {
      equal(self().getUserId(), change(PASSWORD, OTHER_PASSWORD).getUserId());
      equal(self().getUserId(), change(OTHER_PASSWORD, PASSWORD).getUserId());
    });
  }

  /** The user that runs these tests, as the list has it. */
  static UsersDetailsResult self() {
    return CLIENT.listUsers(request()).getUsers().stream().filter(user -> NAME.equals(user.getUserName())).findFirst()
        .orElseThrow();
  }

  private static ListUsersRequest request() {
    return new ListUsersRequest().withOffset(0).withLimit(100);
  }

  private static UpdateUserPasswordResponse change(String from, String to) {
    ChangeUsersPassword body = new ChangeUsersPassword().withOldPassword(from).withPassword(to);
    return CLIENT.updateUserPassword(new UpdateUserPasswordRequest().withBody(body));
  }
}
