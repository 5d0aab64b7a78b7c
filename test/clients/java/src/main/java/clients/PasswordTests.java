package clients;

import static clients.Check.*;
import static clients.Sdk.CLIENT;

import com.huaweicloud.sdk.csms.v1.model.*;

/** GenerateRandomPassword. */
final class PasswordTests {
  private PasswordTests() {}

  static void run(Suite suite) {
    suite.group("password");
    suite.test("without options it has 32 characters of all four kinds", () ->
        matches("[!-~]{32}", CLIENT.generateRandomPassword(new GenerateRandomPasswordRequest()).getPassword()));
    suite.test("options are followed", () -> {
      CreatePasswordRequestBody body = new CreatePasswordRequestBody().withLength(64).withExcludePunctuation(true)
          .withExcludeUppercase(true).withExcludeCharacters("abc012").withRequireEachIncludedType(true);
      matches("(?=.*[a-z])(?=.*[0-9])[d-z3-9]{64}", generate(body));
    });
    suite.test("a blank comes when it is asked for", () -> {
      CreatePasswordRequestBody body = new CreatePasswordRequestBody().withIncludeSpace(true).withExcludeLowercase(true)
          .withExcludeUppercase(true).withExcludeNumbers(true).withExcludePunctuation(true).withLength(3);
      equal("   ", generate(body));
    });
  }

  private static String generate(CreatePasswordRequestBody body) {
    return CLIENT.generateRandomPassword(new GenerateRandomPasswordRequest().withBody(body)).getPassword();
  }
}
