import io
import json

import pytest
from django.core.management import call_command
from django.urls import get_resolver

from apps.api.authentication import required_scope
from apps.api.openapi import PROBLEM, RECORDING
from tests.api.making import prepared, reported
from tests.api.test_problems import SHAPE


def test_the_description_has_no_errors_and_no_warnings():
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=io.StringIO())


@pytest.fixture
def schema(client, db):
    answer = client.get("/api/schema?format=json")
    assert answer.status_code == 200
    return json.loads(answer.content)


def test_anybody_may_read_the_description_as_yaml_or_json(client, schema):
    assert client.get("/api/schema").content.startswith(b"openapi: 3")
    assert schema["components"]["securitySchemes"]["apiKey"]["scheme"] == "bearer"


def test_every_operation_describes_its_problems_and_asks_for_a_key(schema):
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            assert operation["security"] == [{"apiKey": []}], (method, path)
            assert {"401", "403", "422", "429", "503"} <= set(operation["responses"]), (method, path)
            assert operation["summary"]


def test_an_upload_may_be_a_form_or_the_bytes(schema):
    content = schema["paths"]["/api/v1/recordings"]["post"]["requestBody"]["content"]

    assert {"multipart/form-data", "application/octet-stream", "audio/*"} <= set(content)


def resolved(schema, node):
    while "$ref" in node or "allOf" in node:
        node = node["allOf"][0] if "allOf" in node else schema["components"]["schemas"][node["$ref"].split("/")[-1]]
    return node


def differences(schema, node, value, path="$"):
    """Yield where an answer has other fields than its description."""
    is_nullable = node.get("nullable", False)
    node = resolved(schema, node)
    if isinstance(value, list):
        for item in value:
            yield from differences(schema, node["items"], item, f"{path}[]")
    elif isinstance(value, dict) and "properties" in node:
        if set(value) != set(node["properties"]):
            yield path, set(value) ^ set(node["properties"])
        for name, item in value.items():
            yield from differences(schema, node["properties"][name], item, f"{path}.{name}")
    elif value is None and not (is_nullable or node.get("nullable")):
        yield path, "null"


@pytest.mark.parametrize(
    ("template", "concrete"),
    [
        ("/api/v1/recordings", "recordings"),
        ("/api/v1/recordings/{recording_id}", "recordings/{recording}"),
        ("/api/v1/recordings/{recording_id}/transcript", "recordings/{recording}/transcript"),
        ("/api/v1/recordings/{recording_id}/reports", "recordings/{recording}/reports"),
        ("/api/v1/reports/{report_id}", "reports/{report}"),
        ("/api/v1/scenarios", "scenarios"),
    ],
)
def test_answers_have_the_fields_of_their_description(api, recording, schema, template, concrete):
    prepared(recording["id"])
    report = reported(recording["id"])
    described = schema["paths"][template]["get"]["responses"]["200"]["content"]["application/json"]["schema"]

    body = api.get(concrete.format(recording=recording["id"], report=report.pk)).json()

    assert list(differences(schema, described, body)) == []


def test_the_page_for_people_loads_everything_from_here(client, db):
    page = client.get("/api/docs").content.decode()

    assert "swagger" in page.lower()
    assert "https://" not in page.replace("https://validator", "")


def views(patterns=None, prefix=""):
    for pattern in patterns or get_resolver().url_patterns:
        route = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from views(pattern.url_patterns, route)
        elif route.startswith("api/v1/") and hasattr(pattern.callback, "view_class"):
            yield pattern.callback.view_class


def test_every_method_names_its_scope():
    for view in views():
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            assert (required_scope(view(), method) is None) == (not hasattr(view, method.lower()))


def test_examples_have_the_fields_of_the_real_thing(api, recording):
    assert set(RECORDING) == set(recording)
    assert set(PROBLEM) == SHAPE
