package clients;

import static clients.Check.*;
import static clients.Sdk.CLIENT;

import com.huaweicloud.sdk.csms.v1.model.*;
import com.huaweicloud.sdk.csms.v1.model.Record;
import java.util.List;
import java.util.stream.Stream;

/** CreateSecretEvent, ShowSecretEvent, UpdateSecretEvent, ListSecretEvents, DeleteSecretEvent, ListNotificationRecords. */
final class EventTests {
  private static final String TOPIC = "urn:smn:" + Sdk.REGION + ":" + Sdk.PROJECT_ID + ":nobody";
  private static final long PATIENCE_MS = 30_000;

  private EventTests() {}

  static void run(Suite suite) {
    suite.group("events");
    suite.test("a new event has every field, and show gives the same", () -> withEvent(EventTests::hasEveryField));
    suite.test("update changes what it names and nothing else", () -> withEvent(EventTests::updates));
    suite.test("the list has pages", () -> withEvent(EventTests::lists));
    suite.test("delete answers 204, and the event is gone", () -> {
      String name = Sdk.newName();
      create(name);
      equal(204, delete(name).getHttpStatusCode());
      refused(404, "CSMS.0005", () -> show(name));
    });
    suite.test("a secret subscribes, and the event stays while it does", () -> withEvent(EventTests::subscribes));
    suite.test("a notification to an unknown topic is recorded as invalid", () -> withEvent(EventTests::records));
  }

  private interface OnEvent {
    void run(Event event) throws Exception;
  }

  private static void withEvent(OnEvent body) throws Exception {
    Event event = create(Sdk.newName());
    body.run(event);
    delete(event.getName());
  }

  private static void hasEveryField(Event event) {
    matches(Check.UUID, event.getEventId());
    isNow(event.getCreateTime());
    equal(map("name", event.getName(), "event_id", event.getEventId(), "state", "ENABLED",
        "event_types", List.of("SECRET_VERSION_CREATED", "SECRET_DELETED"),
        "create_time", event.getCreateTime(), "update_time", event.getCreateTime(),
        "notification", map("target_type", "SMN", "target_id", TOPIC, "target_name", "nobody")), fields(event));
    equal(fields(event), fields(show(event.getName())));
  }

  private static void updates(Event event) {
    UpdateSecretEventRequestBody body =
        new UpdateSecretEventRequestBody().withState(UpdateSecretEventRequestBody.StateEnum.DISABLED);
    Event after = CLIENT.updateSecretEvent(
        new UpdateSecretEventRequest().withEventName(event.getName()).withBody(body)).getEvent();
    that(after.getUpdateTime() >= event.getUpdateTime(), "update_time went back");
    equal(fields(event.withState(Event.StateEnum.DISABLED).withUpdateTime(after.getUpdateTime())), fields(after));
    equal(fields(after), fields(show(event.getName())));
  }

  private static void lists(Event event) {
    String name = event.getName();
    ListSecretEventsRequest request =
        new ListSecretEventsRequest().withLimit("1").withMarker(name.substring(0, name.length() - 1));
    ListSecretEventsResponse page = CLIENT.listSecretEvents(request);
    equal(List.of(fields(event)), page.getEvents().stream().map(Check::fields).toList());
    equal(List.of(name, 1), List.of(page.getPageInfo().getPreviousMarker(), page.getPageInfo().getCurrentCount()));
    that(CLIENT.listSecretEvents(new ListSecretEventsRequest()).getEvents().contains(event), "not in the list");
  }

  private static void subscribes(Event event) throws Exception {
    String name = Sdk.newName();
    equal(List.of(event.getName()), subscriber(name, event.getName()).getEventSubscriptions());
    ListSecretsResponse found = CLIENT.listSecrets(new ListSecretsRequest().withEventName(event.getName()));
    equal(List.of(name), found.getSecrets().stream().map(Secret::getName).toList());
    refused(400, "CSMS.0003", () -> delete(event.getName()));
    Sdk.update(name, new UpdateSecretRequestBody().withEventSubscriptions(List.of()));
    equal(List.of(), Sdk.show(name).getEventSubscriptions());
    Sdk.delete(name);
  }

  private static void records(Event event) throws Exception {
    String name = Sdk.newName();
    subscriber(name, event.getName());
    Record record = null;
    for (long until = System.currentTimeMillis() + PATIENCE_MS; record == null; Thread.sleep(100)) {
      record = recordsOf(name).findFirst().orElse(null);
      that(record != null || System.currentTimeMillis() < until, "no record appeared");
    }
    isNow(record.getCreateTime());
    equal(map("event_name", event.getName(), "trigger_event_type", "SECRET_VERSION_CREATED",
        "create_time", record.getCreateTime(), "secret_name", name, "secret_type", "COMMON",
        "notification_target_name", "nobody", "notification_target_id", TOPIC,
        "notification_content", record.getNotificationContent(), "notification_status", "INVALID"), fields(record));
    that(record.getNotificationContent().contains("\"versionId\":\"v1\""), record.getNotificationContent());
    Sdk.delete(name);
  }

  private static Stream<Record> recordsOf(String name) {
    return CLIENT.listNotificationRecords(new ListNotificationRecordsRequest()).getRecords().stream()
        .filter(record -> record.getSecretName().equals(name));
  }

  private static Secret subscriber(String name, String eventName) {
    return Sdk.create(new CreateSecretRequestBody().withName(name).withSecretString("x")
        .withEventSubscriptions(List.of(eventName)));
  }

  private static Event create(String name) {
    CreateSecretEventRequestBody body = new CreateSecretEventRequestBody().withName(name)
        .withEventTypes(List.of(CreateSecretEventRequestBody.EventTypesEnum.SECRET_VERSION_CREATED,
            CreateSecretEventRequestBody.EventTypesEnum.SECRET_DELETED))
        .withState(CreateSecretEventRequestBody.StateEnum.ENABLED)
        .withNotification(new Notification().withTargetType("SMN").withTargetId(TOPIC).withTargetName("nobody"));
    return CLIENT.createSecretEvent(new CreateSecretEventRequest().withBody(body)).getEvent();
  }

  private static Event show(String name) {
    return CLIENT.showSecretEvent(new ShowSecretEventRequest().withEventName(name)).getEvent();
  }

  private static DeleteSecretEventResponse delete(String name) {
    return CLIENT.deleteSecretEvent(new DeleteSecretEventRequest().withEventName(name));
  }
}
