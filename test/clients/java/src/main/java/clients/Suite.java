package clients;

import java.util.List;

/** Runs tests one after the other, prints what went wrong and counts. */
final class Suite {
  private final List<String> wanted;
  private String group = "";
  private int passed;
  private int failed;

  /** wanted: names of the groups to run; an empty list means all. */
  Suite(List<String> wanted) {
    this.wanted = wanted;
  }

  /** A test's body; whatever it throws is a failure. */
  interface Body {
    void run() throws Exception;
  }

  /** Opens a group; its tests follow. */
  void group(String name) {
    group = name;
  }

  /** Runs one test, named by the claim that it checks. */
  void test(String claim, Body body) {
    if (!wanted.isEmpty() && !wanted.contains(group)) {
      return;
    }
    try {
      body.run();
      passed += 1;
    } catch (Exception | AssertionError failure) {
      failed += 1;
      System.out.println("FAILED " + group + ": " + claim + "\n  " + failure);
      for (StackTraceElement frame : failure.getStackTrace()) {
        if (frame.getClassName().endsWith("Tests")) {
          System.out.println("    at " + frame);
        }
      }
    }
  }

  /** Prints the counts; the exit code of the program. */
  int finish() {
    System.out.println(passed + " passed, " + failed + " failed");
    return failed == 0 && passed > 0 ? 0 : 1;
  }
}
