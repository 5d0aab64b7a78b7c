package clients;

import java.util.List;

/** Runs the groups of tests that the arguments name, or all. */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) {
    Suite suite = new Suite(List.of(arguments));
    SecretTests.run(suite);
    VersionTests.run(suite);
    StageTests.run(suite);
    DeletionTests.run(suite);
    ErrorTests.run(suite);
    TagTests.run(suite);
    EventTests.run(suite);
    GrantTests.run(suite);
    UserTests.run(suite);
    PasswordTests.run(suite);
    ImportTests.run(suite);
    AgencyTests.run(suite);
    RotationTests.run(suite);
    PolicyTests.run(suite);
    // The SDK keeps threads of its own, so the program must be ended.
    System.exit(suite.finish());
  }
}
