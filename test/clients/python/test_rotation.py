"""Rotation on demand, and the tasks that tell how it went."""

import pytest
from huaweicloudsdkcsms import v1 as csms

from support import PROJECT_ID, REGION, UUID, create, delete, eventually, fields_of, is_now_ms, show_version

# The dev server maps no function, so each rotation ends in a failure that says so.
FUNCTION = f"urn:fss:{REGION}:{PROJECT_ID}:function:default:nobody:latest"


def rotate(client, name):
    return client.rotate_secret(csms.RotateSecretRequest(secret_name=name))


def list_tasks(client, **query):
    return client.list_secret_task(csms.ListSecretTaskRequest(**query))


@pytest.fixture
def rotated(client):
    secret = create(
        client,
        secret_string='{"users":[{"name":"app","password":"x"}]}',
        secret_type="RDS-FG",
        rotation_func_urn=FUNCTION,
        rotation_config='{"InstanceId":"i-1","SecretSubType":"SingleUser"}',
    )
    yield secret
    delete(client, secret.name)


def failed_task(client, task_id):
    def find():
        return [task for task in list_tasks(client, task_id=task_id).tasks if task.task_status == "FAILED"]

    (task,) = eventually(find, "the end of the task")
    return task


def test_a_function_that_is_mapped_nowhere_fails_and_says_why(client, rotated):
    answer = rotate(client, rotated.name)
    assert UUID.fullmatch(answer.rotation_task_id)
    task = failed_task(client, answer.rotation_task_id)
    assert is_now_ms(task.task_time)
    assert task.task_error_msg
    assert fields_of(task) == {
        "task_id": answer.rotation_task_id,
        "secret_name": rotated.name,
        "rotation_func_urn": FUNCTION,
        "task_status": "FAILED",
        "operate_type": "SINGLE_USER",
        "task_time": task.task_time,
        "attempt_nums": task.attempt_nums,
        "task_error_code": task.task_error_code,
        "task_error_msg": task.task_error_msg,
    }
    assert show_version(client, rotated.name).version_metadata.id == "v1"


def test_tasks_are_found_by_name_and_status_and_have_pages(client, rotated):
    ids = []
    for _ in range(2):
        ids.append(rotate(client, rotated.name).rotation_task_id)
        failed_task(client, ids[-1])
    both = list_tasks(client, secret_name=rotated.name, status="FAILED")
    assert (both.total, {task.task_id for task in both.tasks}) == (2, set(ids))
    assert list_tasks(client, secret_name=rotated.name, status="SUCCESS").tasks == []
    first = list_tasks(client, secret_name=rotated.name, limit=1)
    second = list_tasks(client, secret_name=rotated.name, limit=1, marker=first.next_marker)
    assert {task.task_id for task in first.tasks + second.tasks} == set(ids)
    assert second.next_marker is None
