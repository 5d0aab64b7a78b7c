package clients;

import static clients.Check.*;

import com.huaweicloud.sdk.csms.v1.model.*;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** CreateSecretVersion, ShowSecretVersion, ListSecretVersions, UpdateVersion; values come back byte for byte. */
final class VersionTests {
  private static final int MAX_BYTES = 65_536;
  private static final long EXPIRE_TIME_MS = 1_696_838_472_000L;
  private static final Map<String, String> TEXTS = Map.of(
      "one character", "x",
      "blanks at both ends", "  a b  \n",
      "emoji", "🔑👩‍👩‍👧‍👦🏳️‍🌈 ✓",
      "scripts", "naïve Ω Кириллица 凭据 ひらがな עברית عربى हिन्दी",
      "control characters", IntStream.concat(IntStream.range(0, 32), IntStream.range(127, 160))
          .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append).toString(),
      "JSON in JSON", "{\"name\":\"db\",\"password\":\"p@ss \\\"quoted\\\" / \\\\\"}",
      "line separators", "a\u2028b\u2029c\u0085d\ufeff",
      "not normalized", "e\u0301 \u00e9 \ufb01 \u212b",
      "the last code points", "\ufffd\ufffe\uffff" + Character.toString(0x10ffff),
      "65,536 bytes", "凭".repeat(MAX_BYTES / 3) + "a");

  private VersionTests() {}

  static void run(Suite suite) {
    suite.group("versions");
    TEXTS.forEach((kind, text) -> suite.test("text comes back as it was sent: " + kind, () -> withSecret(name -> {
      Sdk.addText(name, text);
      Version version = Sdk.showVersion(name, "latest");
      equal(text, version.getSecretString());
      equal(null, version.getSecretBinary());
    })));
    suite.test("binary comes back as it was sent", () -> withSecret(VersionTests::keepsBinary));
    suite.test("a new version has every field", () -> withSecret(VersionTests::hasEveryField));
    suite.test("the list has pages", () -> withSecret(VersionTests::pages));
    suite.test("an expiry is kept exactly, and the version stays readable", () -> withSecret(name -> {
      VersionMetadata metadata = Sdk.setExpiry(name, "v1", EXPIRE_TIME_MS);
      equal(EXPIRE_TIME_MS, metadata.getExpireTime());
      equal(fields(metadata), fields(Sdk.showVersion(name, "v1").getVersionMetadata()));
      equal("initial", Sdk.showVersion(name, "v1").getSecretString());
    }));
  }

  /** A test on a secret of its own. */
  interface OnSecret {
    void run(String name) throws Exception;
  }

  static void withSecret(OnSecret body) throws Exception {
    String name = Sdk.newName();
    Sdk.create(name);
    body.run(name);
    Sdk.delete(name);
  }

  private static void keepsBinary(String name) {
    byte[] bytes = new byte[MAX_BYTES];
    IntStream.range(0, MAX_BYTES).forEach(index -> bytes[index] = (byte) index);
    String sent = Base64.getEncoder().encodeToString(bytes);
    Sdk.addVersion(name, new CreateSecretVersionRequestBody().withSecretBinary(sent));
    Version version = Sdk.showVersion(name, "latest");
    equal(sent, version.getSecretBinary());
    equal(null, version.getSecretString());
  }

  private static void hasEveryField(String name) {
    VersionMetadata metadata = Sdk.addVersion(name, new CreateSecretVersionRequestBody().withSecretString("two")
        .withExpireTime(EXPIRE_TIME_MS).withVersionStages(List.of("pending")));
    isNow(metadata.getCreateTime());
    equal(map("id", "v2", "create_time", metadata.getCreateTime(), "expire_time", EXPIRE_TIME_MS,
        "kms_key_id", Sdk.show(name).getKmsKeyId(), "secret_name", name,
        "version_stages", List.of("pending")), fields(metadata));
    Version version = Sdk.showVersion(name, "v2");
    equal(fields(metadata), fields(version.getVersionMetadata()));
    equal("two", version.getSecretString());
  }

  private static void pages(String name) {
    Sdk.addText(name, "two");
    ListSecretVersionsRequest request = new ListSecretVersionsRequest().withSecretName(name).withLimit(1);
    ListSecretVersionsResponse first = Sdk.listVersions(request);
    equal(List.of(fields(Sdk.showVersion(name, "v1").getVersionMetadata())),
        first.getVersionMetadatas().stream().map(Check::fields).toList());
    equal(map("next_marker", "v1", "previous_marker", "v1", "current_count", 1), fields(first.getPageInfo()));
    ListSecretVersionsResponse last = Sdk.listVersions(request.withMarker(first.getPageInfo().getNextMarker()));
    equal(List.of("v2"), last.getVersionMetadatas().stream().map(VersionMetadata::getId).toList());
    equal(null, last.getPageInfo().getNextMarker());
  }
}
