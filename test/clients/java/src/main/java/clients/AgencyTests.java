package clients;

import static clients.Check.*;
import static clients.Sdk.CLIENT;

import com.huaweicloud.sdk.csms.v1.model.*;
import java.util.List;

/** CreateAgency, ShowAgency, ShowSecretFunctionTemplates. */
final class AgencyTests {
  private AgencyTests() {}

  static void run(Suite suite) {
    suite.group("agencies");
    for (String type : List.of("RDS-FG", "GaussDB-FG")) {
      suite.test("the agencies of " + type + " are there", () -> {
        CreateAgencyRequestBody body = new CreateAgencyRequestBody()
            .withSecretType(CreateAgencyRequestBody.SecretTypeEnum.fromValue(type));
        CreateAgencyResponse answer = CLIENT.createAgency(new CreateAgencyRequest().withBody(body));
        that(!answer.getAgencies().isEmpty(), "no agency");
        for (Agency agency : answer.getAgencies()) {
          that(!agency.getAgencyName().isEmpty() && !agency.getAgencyId().isEmpty(), agency.toString());
          equal(null, agency.getErrorMsg());
        }
        ShowAgencyRequest shown =
            new ShowAgencyRequest().withSecretType(ShowAgencyRequest.SecretTypeEnum.fromValue(type));
        equal("true", CLIENT.showAgency(shown).getAgencyGranted());
      });
    }
    suite.group("templates");
    for (String subType : List.of("SingleUser", "MultiUser")) {
      for (String engine : List.of("mysql", "postgresql", "sqlserver")) {
        suite.test("there is a function for " + subType + " and " + engine,
            () -> that(template("RDS-FG", subType, engine).length() > 100, "too short"));
      }
      suite.test("there is a function for GaussDB and " + subType,
          () -> that(template("GaussDB-FG", subType, null).length() > 100, "too short"));
      }
  }

  private static String template(String type, String subType, String engine) {
    ShowSecretFunctionTemplatesRequest request = new ShowSecretFunctionTemplatesRequest()
        .withSecretType(ShowSecretFunctionTemplatesRequest.SecretTypeEnum.fromValue(type))
        .withSecretSubType(ShowSecretFunctionTemplatesRequest.SecretSubTypeEnum.fromValue(subType));
    if (engine != null) {
      request.withEngine(ShowSecretFunctionTemplatesRequest.EngineEnum.fromValue(engine));
    }
    return CLIENT.showSecretFunctionTemplates(request).getFunctionTemplates();
  }
}
