// The operations that the page does not show: each is called, and what the SDK makes of the answer is looked at.
package main

import (
	"os"
	"strings"
	"testing"
	"time"

	csms "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/csms/v1"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/csms/v1/model"
)

// done fails the test unless the call has succeeded.
func done[T any](t *testing.T) func(*T, error) *T {
	return func(answer *T, err error) *T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
}

func equal[T comparable](t *testing.T, wanted, got T) {
	t.Helper()
	if wanted != got {
		t.Fatalf("wanted %v, got %v", wanted, got)
	}
}

func pointer[T any](value T) *T { return &value }

func idOf(t *testing.T, client *csms.CsmsClient, name string) string {
	t.Helper()
	return *done[model.ShowSecretResponse](t)(client.ShowSecret(&model.ShowSecretRequest{SecretName: name})).Secret.Id
}

func TestSecretAndVersions(t *testing.T) {
	client, name := clientFor(t), "go-secret"
	create(t, client, name)
	updated := done[model.UpdateSecretResponse](t)(client.UpdateSecret(&model.UpdateSecretRequest{
		SecretName: name, Body: &model.UpdateSecretRequestBody{Description: pointer("of Go")}}))
	equal(t, "of Go", *updated.Secret.Description)
	equal(t, "COMMON", updated.Secret.SecretType.Value())
	equal(t, true, time.Since(time.UnixMilli(*updated.Secret.CreateTime)) < time.Hour)
	expireTime := time.Now().Add(time.Hour).UnixMilli()
	version := done[model.UpdateVersionResponse](t)(client.UpdateVersion(&model.UpdateVersionRequest{
		SecretName: name, VersionId: "v1", Body: &model.UpdateVersionRequestBody{ExpireTime: expireTime}}))
	equal(t, expireTime, *version.VersionMetadata.ExpireTime)
	versions := done[model.ListSecretVersionsResponse](t)(
		client.ListSecretVersions(&model.ListSecretVersionsRequest{SecretName: name}))
	equal(t, "SYSCURRENT", (*(*versions.VersionMetadatas)[0].VersionStages)[0])
}

func TestScheduledDeletion(t *testing.T) {
	client, name := clientFor(t), "go-scheduled"
	create(t, client, name)
	scheduled := done[model.DeleteSecretForScheduleResponse](t)(client.DeleteSecretForSchedule(
		&model.DeleteSecretForScheduleRequest{
			SecretName: name, Body: &model.DeleteSecretForScheduleRequestBody{RecoveryWindowInDays: 7}}))
	equal(t, "PENDING_DELETE", *scheduled.Secret.State)
	restored := done[model.RestoreSecretResponse](t)(client.RestoreSecret(&model.RestoreSecretRequest{SecretName: name}))
	equal(t, "ENABLED", *restored.Secret.State)
}

func TestTags(t *testing.T) {
	client, name := clientFor(t), "go-tags"
	create(t, client, name)
	id := idOf(t, client, name)
	done[model.CreateSecretTagResponse](t)(client.CreateSecretTag(&model.CreateSecretTagRequest{
		SecretId: id, Body: &model.CreateSecretTagRequestBody{Tag: &model.TagItem{Key: "team", Value: pointer("a b@c")}}}))
	done[model.BatchCreateOrDeleteTagsResponse](t)(client.BatchCreateOrDeleteTags(&model.BatchCreateOrDeleteTagsRequest{
		SecretId: id, Body: &model.BatchCreateOrDeleteTagsRequestBody{
			Action: "create", Tags: []model.TagItem{{Key: "stage", Value: pointer("test")}}}}))
	tags := done[model.ListSecretTagsResponse](t)(client.ListSecretTags(&model.ListSecretTagsRequest{SecretId: id}))
	equal(t, 2, len(*tags.Tags))
	all := done[model.ListProjectSecretsTagsResponse](t)(client.ListProjectSecretsTags(&model.ListProjectSecretsTagsRequest{}))
	equal(t, 2, len(*all.Tags))
	found := done[model.ListResourceInstancesResponse](t)(client.ListResourceInstances(&model.ListResourceInstancesRequest{
		ResourceInstances: "resource_instances", Body: &model.ListResourceInstancesRequestBody{
			Action: "filter", Tags: &[]model.Tag{{Key: pointer("team"), Values: &[]string{"a b@c"}}}}}))
	equal(t, int32(1), *found.TotalCount)
	equal(t, name, *(*found.Resources)[0].ResourceDetail.Name)
	done[model.DeleteSecretTagResponse](t)(client.DeleteSecretTag(&model.DeleteSecretTagRequest{SecretId: id, Key: "team"}))
}

func TestEvents(t *testing.T) {
	client, name := clientFor(t), "go-event"
	types := model.GetCreateSecretEventRequestBodyEventTypesEnum()
	topic := "urn:smn:" + os.Getenv("HW_REGION_NAME") + ":" + os.Getenv("HUAWEICLOUD_SDK_PROJECT_ID") + ":nobody"
	created := done[model.CreateSecretEventResponse](t)(client.CreateSecretEvent(&model.CreateSecretEventRequest{
		Body: &model.CreateSecretEventRequestBody{
			Name: name, State: model.GetCreateSecretEventRequestBodyStateEnum().ENABLED,
			EventTypes:   []model.CreateSecretEventRequestBodyEventTypes{types.SECRET_DELETED},
			Notification: &model.Notification{TargetType: "SMN", TargetId: topic, TargetName: "nobody"}}}))
	equal(t, "SECRET_DELETED", (*created.Event.EventTypes)[0].Value())
	disabled := model.GetUpdateSecretEventRequestBodyStateEnum().DISABLED
	done[model.UpdateSecretEventResponse](t)(client.UpdateSecretEvent(&model.UpdateSecretEventRequest{
		EventName: name, Body: &model.UpdateSecretEventRequestBody{State: &disabled}}))
	shown := done[model.ShowSecretEventResponse](t)(client.ShowSecretEvent(&model.ShowSecretEventRequest{EventName: name}))
	equal(t, "DISABLED", shown.Event.State.Value())
	events := done[model.ListSecretEventsResponse](t)(client.ListSecretEvents(&model.ListSecretEventsRequest{}))
	equal(t, 1, len(*events.Events))
	done[model.DeleteSecretEventResponse](t)(client.DeleteSecretEvent(&model.DeleteSecretEventRequest{EventName: name}))
	records := done[model.ListNotificationRecordsResponse](t)(
		client.ListNotificationRecords(&model.ListNotificationRecordsRequest{}))
	equal(t, 0, len(*records.Records))
}

func TestUsersAndGrants(t *testing.T) {
	client, name := clientFor(t), "go-grants"
	create(t, client, name)
	users := done[model.ListUsersResponse](t)(client.ListUsers(&model.ListUsersRequest{Offset: 0, Limit: 10}))
	equal(t, int64(1), *users.Total)
	user := *(*users.Users)[0].UserId
	detail := done[model.ShowUserDetailResponse](t)(client.ShowUserDetail(&model.ShowUserDetailRequest{UserId: user}))
	equal(t, os.Getenv("CSMS_USER"), *detail.UserName)
	id := idOf(t, client, name)
	grant := &model.GrantSecretReqBody{
		ResourceId: id, Type: "SECRET", GranteeType: "0", GranteeTargetId: user}
	done[model.CreateGrantsResponse](t)(client.CreateGrants(&model.CreateGrantsRequest{Body: grant}))
	done[model.UpdateGrantResponse](t)(client.UpdateGrant(&model.UpdateGrantRequest{ResourceId: id, Body: grant}))
	grants := done[model.ListGrantsResponse](t)(client.ListGrants(&model.ListGrantsRequest{ResourceId: id}))
	equal(t, 1, len(grants.Data.GranteeUser))
	done[model.DeleteGrantResponse](t)(client.DeleteGrant(&model.DeleteGrantRequest{ResourceId: id, GranteeUser: &user}))
}

func TestImportAndBlob(t *testing.T) {
	client := clientFor(t)
	imported := done[model.BatchImportSecretsResponse](t)(client.BatchImportSecrets(&model.BatchImportSecretsRequest{
		Body: &model.ImportSecretsRequest{Secrets: []model.CreateSecretRequestBody{
			{Name: "go-import", SecretBinary: pointer("AAEC")}, {Name: "not a name", SecretString: pointer("x")}}}}))
	equal(t, 3, int(*imported.Total+*imported.Success))
	equal(t, "not a name", (*imported.ErrorList)[0].Name)
	blob := done[model.DownloadSecretBlobResponse](t)(
		client.DownloadSecretBlob(&model.DownloadSecretBlobRequest{SecretName: "go-import"}))
	remove := &model.DeleteSecretRequest{SecretName: "go-import"}
	done[model.DeleteSecretResponse](t)(client.DeleteSecret(remove))
	done[model.UploadSecretBlobResponse](t)(client.UploadSecretBlob(&model.UploadSecretBlobRequest{
		Body: &model.UploadSecretBlobRequestBody{SecretBlob: *blob.SecretBlob}}))
	read := done[model.ShowSecretVersionResponse](t)(client.ShowSecretVersion(
		&model.ShowSecretVersionRequest{SecretName: "go-import", VersionId: "latest"}))
	equal(t, "AAEC", *read.Version.SecretBinary)
	done[model.DeleteSecretResponse](t)(client.DeleteSecret(remove))
}

func TestStrength(t *testing.T) {
	client := clientFor(t)
	for _, isOn := range []bool{true, false} {
		done[model.UpdateSecretsConfigResponse](t)(client.UpdateSecretsConfig(&model.UpdateSecretsConfigRequest{
			Body: &model.UpdateSecretsConfigRequestBody{CheckingSecretStrength: &isOn}}))
		shown := done[model.ShowSecretsConfigResponse](t)(client.ShowSecretsConfig(&model.ShowSecretsConfigRequest{}))
		equal(t, isOn, *shown.CheckingSecretStrength)
	}
	var values any = map[string]string{"password": "letmein"}
	done[model.CheckSecretsResponse](t)(client.CheckSecrets(&model.CheckSecretsRequest{
		Body: &model.CheckSecretsRequestBody{Type: "1", Data: &values}}))
	generated := done[model.GenerateRandomPasswordResponse](t)(client.GenerateRandomPassword(
		&model.GenerateRandomPasswordRequest{Body: &model.CreatePasswordRequestBody{Length: pointer(int32(20))}}))
	equal(t, 20, len(*generated.Password))
}

func TestRotation(t *testing.T) {
	client, name := clientFor(t), "go-rotation"
	secretType := model.GetCreateSecretRequestBodySecretTypeEnum().RDS_FG
	project := os.Getenv("HUAWEICLOUD_SDK_PROJECT_ID")
	done[model.CreateSecretResponse](t)(client.CreateSecret(&model.CreateSecretRequest{
		Body: &model.CreateSecretRequestBody{
			Name: name, SecretType: &secretType, SecretString: pointer(`{"username": "app", "password": "first password"}`),
			RotationConfig:  pointer(`{"InstanceId": "db1", "SecretSubType": "SingleUser"}`),
			RotationFuncUrn: pointer("urn:fss:local-1:" + project + ":function:default:nowhere")}}))
	done[model.RotateSecretResponse](t)(client.RotateSecret(&model.RotateSecretRequest{SecretName: name}))
	tasks := done[model.ListSecretTaskResponse](t)(client.ListSecretTask(&model.ListSecretTaskRequest{SecretName: &name}))
	equal(t, name, *(*tasks.Tasks)[0].SecretName)
	done[model.DeleteSecretResponse](t)(client.DeleteSecret(&model.DeleteSecretRequest{SecretName: name}))
	agency := model.GetShowAgencyRequestSecretTypeEnum().RDS_FG
	done[model.ShowAgencyResponse](t)(client.ShowAgency(&model.ShowAgencyRequest{SecretType: agency}))
	done[model.CreateAgencyResponse](t)(client.CreateAgency(&model.CreateAgencyRequest{
		Body: &model.CreateAgencyRequestBody{SecretType: model.GetCreateAgencyRequestBodySecretTypeEnum().RDS_FG}}))
	template := done[model.ShowSecretFunctionTemplatesResponse](t)(client.ShowSecretFunctionTemplates(
		&model.ShowSecretFunctionTemplatesRequest{
			SecretType:    model.GetShowSecretFunctionTemplatesRequestSecretTypeEnum().RDS_FG,
			SecretSubType: model.GetShowSecretFunctionTemplatesRequestSecretSubTypeEnum().SINGLE_USER,
			Engine:        pointer(model.GetShowSecretFunctionTemplatesRequestEngineEnum().MYSQL)}))
	equal(t, true, strings.Contains(*template.FunctionTemplates, "password"))
}
