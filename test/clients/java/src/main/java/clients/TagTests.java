package clients;

import static clients.Check.*;
import static clients.Sdk.CLIENT;
import static clients.VersionTests.withSecret;

import com.huaweicloud.sdk.csms.v1.model.*;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/** CreateSecretTag, BatchCreateOrDeleteTags, DeleteSecretTag, ListSecretTags, ListProjectSecretsTags, ListResourceInstances. */
final class TagTests {
  private TagTests() {}

  static void run(Suite suite) {
    suite.group("tags");
    suite.test("a tag is set, overwritten, listed and deleted", () -> withSecret(TagTests::cycle));
    suite.test("a batch sets and deletes tags", () -> withSecret(TagTests::batch));
    suite.test("the project's tags are listed with all their values", () -> withSecret(TagTests::listsOfProject));
    suite.test("secrets are found by tag and name", () -> withSecret(TagTests::findsByTag));
  }

  private static void cycle(String name) {
    String id = Sdk.show(name).getId();
    equal(List.of(), tags(id));
    equal(204, createTag(id, tag("Umgebung für +:=@", "Wert/ü")).getHttpStatusCode());
    createTag(id, tag("empty", ""));
    createTag(id, tag("empty", "no longer"));
    equal(List.of(tag("Umgebung für +:=@", "Wert/ü"), tag("empty", "no longer")), tags(id));
    equal(204, deleteTag(id, "Umgebung für +:=@").getHttpStatusCode());
    equal(List.of(tag("empty", "no longer")), tags(id));
  }

  private static void batch(String name) {
    String id = Sdk.show(name).getId();
    equal(204, batch(id, "create", tag("a", "1"), tag("b", "2"), tag("c", "3")).getHttpStatusCode());
    batch(id, "create", tag("b", "two"));
    equal(204, batch(id, "delete", tag("a", "1"), new TagItem().withKey("c"), tag("absent", "")).getHttpStatusCode());
    equal(List.of(tag("b", "two")), tags(id));
  }

  private static void listsOfProject(String name) throws Exception {
    createTag(Sdk.show(name).getId(), tag(name, "one"));
    withSecret(other -> {
      createTag(Sdk.show(other).getId(), tag(name, "two"));
      List<TagResponse> found = CLIENT.listProjectSecretsTags(new ListProjectSecretsTagsRequest()).getTags().stream()
          .filter(entry -> entry.getKey().equals(name)).toList();
      equal(1, found.size());
      equal(List.of("one", "two"), found.get(0).getValues().stream().sorted().toList());
    });
  }

  private static void findsByTag(String name) {
    Secret secret = Sdk.show(name);
    batch(secret.getId(), "create", tag("run", name), tag("tier", "db"));
    ListResourceInstancesRequestBody body = new ListResourceInstancesRequestBody().withAction("filter")
        .addTagsItem(new Tag().withKey("run").withValues(List.of(name, "other")))
        .withMatches(List.of(new TagMatches().withKey("resource_name").withValue(name.substring(2))))
        .withLimit("10").withOffset("0");
    ListResourceInstancesResponse found = instances(body);
    equal(1, found.getTotalCount());
    equal(1, found.getResources().size());
    ActionResources resource = found.getResources().get(0);
    equal(map("resource_id", secret.getId(), "resource_name", name, "tags", fields(resource).get("tags"),
        "sys_tags", List.of(), "resource_detail", fields(resource).get("resource_detail")), fields(resource));
    equal(fields(Sdk.show(name)), fields(resource.getResourceDetail()));
    equal(List.of(tag("run", name), tag("tier", "db")), sorted(resource.getTags()));
    ListResourceInstancesResponse count = instances(body.withAction("count"));
    equal(1, count.getTotalCount());
    equal(List.of(), count.getResources());
    equal(0, instances(body.addTagsItem(new Tag().withKey("tier").withValues(List.of("web")))).getTotalCount());
  }

  private static TagItem tag(String key, String value) {
    return new TagItem().withKey(key).withValue(value);
  }

  private static List<TagItem> tags(String id) {
    return sorted(CLIENT.listSecretTags(new ListSecretTagsRequest().withSecretId(id)).getTags());
  }

  private static List<TagItem> sorted(List<TagItem> tags) {
    return tags.stream().sorted(Comparator.comparing(TagItem::getKey)).toList();
  }

  private static CreateSecretTagResponse createTag(String id, TagItem tag) {
    CreateSecretTagRequestBody body = new CreateSecretTagRequestBody().withTag(tag);
    return CLIENT.createSecretTag(new CreateSecretTagRequest().withSecretId(id).withBody(body));
  }

  private static DeleteSecretTagResponse deleteTag(String id, String key) {
    return CLIENT.deleteSecretTag(new DeleteSecretTagRequest().withSecretId(id).withKey(key));
  }

  private static BatchCreateOrDeleteTagsResponse batch(String id, String action, TagItem... tags) {
    BatchCreateOrDeleteTagsRequestBody body =
        new BatchCreateOrDeleteTagsRequestBody().withAction(action).withTags(Arrays.asList(tags));
    return CLIENT.batchCreateOrDeleteTags(new BatchCreateOrDeleteTagsRequest().withSecretId(id).withBody(body));
  }

  private static ListResourceInstancesResponse instances(ListResourceInstancesRequestBody body) {
    return CLIENT.listResourceInstances(
        new ListResourceInstancesRequest().withResourceInstances("resource_instances").withBody(body));
  }
}
