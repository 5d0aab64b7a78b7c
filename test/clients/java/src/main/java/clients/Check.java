package clients;

import com.huaweicloud.sdk.core.exception.ClientRequestException;
import com.huaweicloud.sdk.core.utils.JsonUtils;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/** Assertions. */
final class Check {
  static final String UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";
  private static final long MINUTE_MS = 60_000;

  private Check() {}

  static void that(boolean holds, String what) {
    if (!holds) {
      throw new AssertionError(what);
    }
  }

  static void equal(Object wanted, Object actual) {
    that(Objects.equals(wanted, actual), "wanted " + wanted + "\n  got    " + actual);
  }

  static void matches(String pattern, String text) {
    that(text != null && text.matches(pattern), text + " does not match " + pattern);
  }

  static void isNow(Long timeMs) {
    that(timeMs != null && Math.abs(timeMs - System.currentTimeMillis()) < MINUTE_MS, timeMs + " is not about now");
  }

  /** Every field of an SDK model under its wire name, without those that are null. */
  static Map<String, Object> fields(Object model) {
    return new TreeMap<>(JsonUtils.objectToMap(model));
  }

  /** A map of the pairs, to be compared with {@link #fields}. */
  static Map<String, Object> map(Object... pairs) {
    Map<String, Object> made = new TreeMap<>();
    for (int index = 0; index < pairs.length; index += 2) {
      made.put((String) pairs[index], pairs[index + 1]);
    }
    return made;
  }

  /** The exception that the call must end with, its parts checked as a program sees them. */
  static ClientRequestException refusal(Suite.Body call) throws Exception {
    try {
      call.run();
    } catch (ClientRequestException refused) {
      matches("[0-9a-f]{32}", refused.getRequestId());
      that(refused.getErrorMsg() != null && !refused.getErrorMsg().isEmpty(), "a refusal without a message");
      return refused;
    }
    throw new AssertionError("the call was not refused");
  }

  /** The call must be refused with this status and code. */
  static void refused(int status, String code, Suite.Body call) throws Exception {
    ClientRequestException refused = refusal(call);
    equal(List.of(status, code), List.of(refused.getHttpStatusCode(), String.valueOf(refused.getErrorCode())));
  }
}
